#include "models/gradient.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zero.h>

namespace caps {

gradient_summary compute_gradient(const net& model,
                                  const gradient_tensors& tensors,
                                  const batch& data,
                                  const at::Generator& generator) {
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
  auto output
    = model.forward({leaves, buffers, true, generator}, data.input);
  auto loss = model.loss(output, data.target);
  loss.backward();
  gradient_summary result;
  result.loss = loss.item().toDouble();
  result.samples = data.target.size(0);
  if (data.target.scalar_type() == at::kLong)
    result.correct
      = output.detach().argmax(1).eq(data.target).sum().item().toLong();
  return result;
}

} // namespace caps
