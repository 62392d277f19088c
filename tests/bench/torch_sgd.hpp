#pragma once

#include "models/parameter_layout.hpp"

#include <functional>

namespace caps::bench {

/// One step of torch::optim::SGD over one tensor per parameter of `layout`,
/// the way a LibTorch program trains. The gradients stay as they are.
std::function<void()> torch_sgd_step(const parameter_layout& layout,
                                     double learning_rate, double momentum,
                                     double weight_decay);

} // namespace caps::bench
