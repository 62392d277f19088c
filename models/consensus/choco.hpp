#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

// CHOCO-SGD (Koloskova, Stich and Jaggi, "Decentralized stochastic
// optimization and gossip algorithms with compressed communication", ICML
// 2019). Every node has a public copy xhat of its parameters, which its
// neighbours hold too; only compressed differences to it are sent. One step of
// a node:
//
//     half = x - lr g                           the optimizer's step
//     q = compress(half - xhat)                 choco_difference, a compressor
//     xhat = xhat + decompressed q              its own and, with the q
//     xhat_j = xhat_j + decompressed q_j        received, the neighbours'
//     x = half + gamma sum_j w_ij (xhat_j - xhat)               choco_average
//
// The public copies are zeros at first, or the initial parameters if all nodes
// start from the same. What compression leaves out stays in the difference
// and is sent later. The copies of sender and receivers are equal only if
// every q arrives, once and in order.
//
// Memory: instead of one copy per neighbour a node may keep their weighted
// mean m = sum_j w_ij xhat_j / W, W = sum_j w_ij, adding (w_ij/W) q_j to it,
// and pass m with the weight W to `choco_average` as its only neighbour.

/// Writes half - public_copy into `difference`, which may be the same tensor
/// as either. One pass over memory. Throws `error` if the vectors do not fit
/// together.
void choco_difference(const at::Tensor& half, const at::Tensor& public_copy,
                      const at::Tensor& difference);

/// Writes
///
///     next = half + step_size sum_j weights[j] (copies[j] - public_copy)
///
/// with the differences taken first, so that two neighbours move by exactly
/// opposite amounts if their weights for each other are equal. `next` may be
/// the same tensor as `half`, but not as `public_copy` or one of `copies`. One
/// pass over memory. Throws `input_error` unless gamma, the step size, is
/// above 0 and at most 1, and `error` unless every copy has a weight and is
/// like `half`.
void choco_average(const at::Tensor& half, const at::Tensor& public_copy,
                   std::span<const at::Tensor> copies,
                   std::span<const double> weights, double step_size,
                   const at::Tensor& next);

} // namespace caps
