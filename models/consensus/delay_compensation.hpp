#pragma once

#include <ATen/core/Tensor.h>

namespace caps {

/// Delay compensation (DC-ASGD: Zheng et al., "Asynchronous stochastic
/// gradient descent with delay compensation", ICML 2017): corrects a gradient
/// that was computed on older parameters to first order,
///
///     compensated = g + lambda g g (w - w_old)     element by element,
///
/// with w the parameters it is about to be applied to and w_old those it was
/// computed on: a copy that nobody has written to since. One pass over
/// memory; `compensated` may be the same tensor as `gradient`. Throws
/// `input_error` unless lambda is finite and not negative, and `error` if the
/// vectors do not fit together.
void compensate_delay(const at::Tensor& gradient, const at::Tensor& weights,
                      const at::Tensor& old_weights, double lambda,
                      const at::Tensor& compensated);

} // namespace caps
