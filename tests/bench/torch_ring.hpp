#pragma once

#include <cstdint>
#include <functional>

namespace caps::bench {

/// D-SGD of three nodes in a ring as a plain LibTorch loop would do it: LeNet-5
/// modules, torch::optim::SGD, one picture tensor from which batches are
/// gathered, and the mean of all three parameters after each step. No actors,
/// no messages, no metrics.
///
/// @param batches steps of each node in one call of the result
/// @param threads that share the nodes' gradients of a step
std::function<void()> torch_ring(int64_t batches, int threads);

} // namespace caps::bench
