#include "models/errors.hpp"
#include "models/nets/net.hpp"
#include "models/parameter_vector.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>

namespace caps {

namespace {

/// Draws one parameter in host memory. The bounds of `uniform_fan_in` are
/// those of LibTorch's layers, whose Kaiming initialization with a = sqrt(5)
/// comes to 1/sqrt(fan_in).
void draw(const parameter_entry& entry, initialization how,
          const at::Generator& generator, at::Tensor& x) {
  auto fan_in = static_cast<double>(entry.fan_in);
  switch (entry.kind) {
    case parameter_kind::norm_weight:
      x.fill_(1);
      return;
    case parameter_kind::norm_bias:
      x.zero_();
      return;
    case parameter_kind::weight:
      if (how == initialization::he) {
        x.normal_(0, std::sqrt(2 / fan_in), generator);
        return;
      }
      break;
    case parameter_kind::bias:
      if (how == initialization::he) {
        x.zero_();
        return;
      }
      break;
  }
  auto bound = 1 / std::sqrt(fan_in);
  x.uniform_(-bound, bound, generator);
}

} // namespace

void initialize(const parameter_layout& layout, initialization how,
                const at::Generator& generator, const at::Tensor& weights,
                const at::Tensor& buffers) {
  if (!generator.defined()) // LibTorch would draw from its global one
    throw error("parameters cannot be drawn without a random generator");
  at::NoGradGuard no_grad;
  auto host = [](const at::Tensor& like) {
    return at::empty(like.sizes(), like.options().device(at::kCPU));
  };
  auto flat = host(weights);
  auto parameters = parameter_views(layout, flat);
  for (size_t i = 0; i < parameters.size(); ++i)
    draw(layout.entries()[i], how, generator, parameters[i]);
  weights.copy_(flat);
  auto flat_buffers = host(buffers);
  auto views = buffer_views(layout, flat_buffers);
  for (size_t i = 0; i < views.size(); ++i)
    views[i].fill_(layout.buffers()[i].initial);
  buffers.copy_(flat_buffers);
}

} // namespace caps
