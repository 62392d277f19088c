#include "models/gradient.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zero.h>

namespace caps {

double compute_gradient(const net& model, const gradient_tensors& tensors,
                        const batch& data, const at::Generator& generator) {
  const auto& layout = model.layout();
  auto leaves = parameter_views(layout, tensors.weights);
  auto slots = parameter_views(layout, tensors.gradient);
  // Autograd adds into a gradient that is already there, in place: starting
  // from zero it writes straight into the flat tensor, and no gather follows.
  tensors.gradient.zero_();
  for (size_t i = 0; i < leaves.size(); ++i) {
    leaves[i].set_requires_grad(true);
    leaves[i].mutable_grad() = slots[i];
  }
  auto buffers = buffer_views(layout, tensors.buffers);
  at::AutoGradMode with_grad{true};
  auto loss = model.loss(
    model.forward({leaves, buffers, true, generator}, data.input),
    data.target);
  loss.backward();
  return loss.item().toDouble();
}

} // namespace caps
