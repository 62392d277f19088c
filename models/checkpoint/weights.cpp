#include "models/checkpoint/weights.hpp"

#include "models/errors.hpp"
#include "models/parameter_vector.hpp"

#include <ATen/core/grad_mode.h>

#include <fmt/format.h>

#include <map>

namespace caps {

namespace {

/// Calls `f(name, shape, view)` for each parameter and buffer.
template <class F>
void for_each_view(const parameter_layout& layout, const at::Tensor& weights,
                   const at::Tensor& buffers, F f) {
  auto visit = [&](const auto& entries, const std::vector<at::Tensor>& views) {
    for (size_t i = 0; i < entries.size(); ++i)
      f(entries[i].name, entries[i].shape, views[i]);
  };
  visit(layout.entries(), parameter_views(layout, weights));
  visit(layout.buffers(), buffer_views(layout, buffers));
}

} // namespace

tensor_file export_weights(const parameter_layout& layout,
                           const at::Tensor& weights,
                           const at::Tensor& buffers) {
  tensor_file result;
  // Programs built on PyTorch ask for this before they load a file.
  result.metadata["format"] = "pt";
  for_each_view(layout, weights, buffers,
                [&](const auto& name, const auto&, const at::Tensor& view) {
                  result.tensors.push_back({name, view});
                });
  return result;
}

void import_weights(const parameter_layout& layout, const tensor_file& contents,
                    const std::string& origin, const at::Tensor& weights,
                    const at::Tensor& buffers) {
  std::map<std::string_view, const at::Tensor*> found;
  for (const auto& x : contents.tensors)
    if (!x.name.ends_with(".num_batches_tracked"))
      found.emplace(x.name, &x.value);
  std::vector<std::pair<at::Tensor, const at::Tensor*>> copies;
  for_each_view(
    layout, weights, buffers,
    [&](const std::string& name, const auto& shape, const at::Tensor& view) {
      auto i = found.find(name);
      if (i == found.end())
        throw input_error(fmt::format("{} does not hold '{}', which this net "
                                      "has with shape {}",
                                      origin, name, shape_text(shape)));
      const auto& value = *i->second;
      if (!value.is_floating_point() || value.sizes() != view.sizes())
        throw input_error(fmt::format(
          "{} holds '{}' as {} {}, but this net has it with shape {}", origin,
          name, dtype_name(value.scalar_type()),
          shape_text(value.sizes().vec()), shape_text(shape)));
      copies.emplace_back(view, &value);
      found.erase(i);
    });
  if (!found.empty())
    throw input_error(fmt::format("{} holds '{}', which this net does not have",
                                  origin, found.begin()->first));
  at::NoGradGuard no_grad;
  for (auto& [view, value] : copies)
    view.copy_(*value);
}

} // namespace caps
