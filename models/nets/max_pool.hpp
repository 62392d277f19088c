#pragma once

#include "models/nets/layers.hpp"

#include <ATen/core/Tensor.h>

namespace caps {

/// The largest value of each channel in every position of the window, on
/// [n, c, h, w]: what `at::max_pool2d` computes, value and derivative, to the
/// last bit. Windows of 2 x 2 that do not overlap, of floats or doubles in
/// host memory, have a loop of their own: LibTorch compares numbers one by one
/// and branches on each, which took a third of a LeNet-5 gradient.
at::Tensor max_pool(const at::Tensor& x, const window& how);

} // namespace caps
