#pragma once

#include "models/consensus/mixing.hpp"

#include <ATen/core/Tensor.h>

namespace caps {

/// D^2 (Tang, Lian, Yan, Zhang and Liu, "D^2: decentralized training over
/// decentralized data", ICML 2018), the part of a step before averaging. With
/// SGD as the local update it is the published
///
///     half = 2 x_k - x_{k-1} - (lr g_k - lr g_{k-1}),  x_0 - lr g_0 at first,
///     x_{k+1} = sum_j w_ij half_j,
///
/// which moves the mean of the nodes as SGD does, and at rest lets all nodes
/// agree on the minimizer of the sum of the losses, however differently their
/// data are distributed. In terms of s_k = x_k - lr g_k, the local update:
///
///     half = s_k + (x_k - s_{k-1}),  memory = s_k
///
/// so one vector is all there is to remember, and the learning rate may change
/// from step to step. `local` is s_k (any optimizer's update of `weights`);
/// `memory` is s_{k-1}, a copy of the node's initial parameters before the
/// first step, updated in place. `half` is what to average and to send to the
/// neighbours; it may be the same tensor as `weights` or `local`.
///
/// All nodes must average the halves of the same step. One pass over memory.
/// Throws `error` if the vectors do not fit together.
void d_squared(const at::Tensor& weights, const at::Tensor& local,
               const at::Tensor& memory, const at::Tensor& half);

/// Throws `input_error` unless D^2 converges with these weights: symmetric,
/// doubly stochastic, and no eigenvalue at or below -1/3. `lazy_mixing` turns
/// any symmetric doubly stochastic weights into such ones.
void check_d_squared(const mixing_matrix& weights);

} // namespace caps
