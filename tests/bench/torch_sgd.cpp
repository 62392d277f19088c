#include <ATen/core/ivalue.h>
#include <torch/torch.h>

#include "tests/bench/torch_sgd.hpp"

namespace caps::bench {

std::function<void()> torch_sgd_step(const parameter_layout& layout,
                                     double learning_rate, double momentum,
                                     double weight_decay) {
  std::vector<at::Tensor> parameters;
  for (const auto& entry : layout.entries()) {
    auto x = torch::full(entry.shape, 0.5).requires_grad_();
    x.mutable_grad() = torch::full(entry.shape, 1e-3);
    parameters.push_back(x);
  }
  auto options = torch::optim::SGDOptions(learning_rate)
                   .momentum(momentum)
                   .weight_decay(weight_decay);
  auto optimizer
    = std::make_shared<torch::optim::SGD>(std::move(parameters), options);
  return [optimizer] { optimizer->step(); };
}

} // namespace caps::bench
