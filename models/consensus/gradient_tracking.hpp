#pragma once

#include <ATen/core/Tensor.h>

namespace caps {

/// Gradient tracking (DIGing: Nedic, Olshevsky and Shi, SIAM J. Optim. 2017;
/// with stochastic gradients Koloskova, Lin and Stich, NeurIPS 2021). Every
/// node steps along a tracker y of the mean gradient of all nodes instead of
/// its own gradient, and both are averaged with the neighbours':
///
///     x_{k+1} = sum_j w_ij (x_j - lr y_j)
///     y_{k+1} = sum_j w_ij y_j + g_{k+1} - g_k,    y_0 = g_0
///
/// with g_k the node's gradient at its x_k. At rest all nodes agree on the
/// minimizer of the sum of the losses, however differently their data are
/// distributed. The averages are `average`, x - lr y is the optimizer's step
/// (sgd) with y as gradient, and this is the rest:
///
///     tracker = mixed + gradient - previous,  previous = gradient
///
/// `mixed` is sum_j w_ij y_j and `previous` is g_k, updated in place; both are
/// zeros at first, which gives y_0 = g_0. `tracker` may be the same tensor as
/// `mixed`. The trackers sum to the gradients' sum only if all nodes average
/// the trackers of the same step and none is lost.
///
/// One pass over memory. Throws `error` if the vectors do not fit together.
void track_gradient(const at::Tensor& mixed, const at::Tensor& gradient,
                    const at::Tensor& previous, const at::Tensor& tracker);

} // namespace caps
