#include "models/parameter_vector.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/as_strided.h>

namespace caps {

namespace {

/// A contiguous view in one operation (narrow and view would take two).
at::Tensor view_of(const at::Tensor& flat, const std::vector<int64_t>& shape,
                   int64_t offset) {
  c10::SmallVector<int64_t, 6> strides(shape.size());
  int64_t stride = 1;
  for (auto i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return flat.as_strided(shape, strides, flat.storage_offset() + offset);
}

template <class Entries>
std::vector<at::Tensor> views_of(const Entries& entries,
                                 const at::Tensor& flat) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> result;
  result.reserve(entries.size());
  for (const auto& entry : entries)
    result.push_back(view_of(flat, entry.shape, entry.offset));
  return result;
}

} // namespace

parameter_vector::parameter_vector(
  std::shared_ptr<const parameter_layout> layout, at::TensorOptions options)
  : layout_(std::move(layout)),
    weights_(layout_->numel(), options),
    gradient_(layout_->numel(), options),
    buffers_(layout_->buffer_numel(), options) {
}

std::vector<at::Tensor> parameter_views(const parameter_layout& layout,
                                        const at::Tensor& flat) {
  return views_of(layout.entries(), flat);
}

std::vector<at::Tensor> buffer_views(const parameter_layout& layout,
                                     const at::Tensor& flat) {
  return views_of(layout.buffers(), flat);
}

} // namespace caps
