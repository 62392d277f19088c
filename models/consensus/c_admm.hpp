#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

/// Options of `c_admm`.
struct c_admm_options {
  /// Weight of the consensus constraint, the same for all nodes.
  double rho = 0.1;
  /// 1/step size: how strongly a step holds on to w. Converges when large
  /// against the curvature of the losses.
  double mu = 200;
};

/// Throws `input_error` unless mu and rho are positive and finite.
void check(const c_admm_options& options);

/// Decentralized linearized ADMM (DLM: Ling, Shi, Wu and Ribeiro, "DLM:
/// decentralized linearized alternating direction method of multipliers", IEEE
/// TSP 2015), one step of a node with E neighbours:
///
///     alpha = alpha + rho sum_j (w - r_j)
///     w = (mu w - g - alpha + rho sum_j (w + r_j)) / (mu + 2 rho E)
///
/// and the new w is sent to every neighbour. This is the published iteration
/// with the multiplier brought up to date at the start of the step that uses
/// it instead of after the exchange before it, so that one pass over memory
/// does both.
///
/// `multiplier` is alpha, zeros at first, updated in place. `received` must
/// be the neighbours' parameters of the same step as `weights`; in the first
/// step, the node's own initial parameters. (With parameters of different steps
/// the multipliers would no longer sum to zero over the nodes, and the nodes
/// would agree on a point that is not the minimizer.) `next` may be the same
/// tensor as `weights`.
///
/// At rest all nodes agree on the minimizer of the sum of the losses, on every
/// connected undirected graph. Throws `input_error` for options out of range
/// and `error` if the vectors do not fit together.
void c_admm(const c_admm_options& options, const at::Tensor& weights,
            const at::Tensor& gradient, std::span<const at::Tensor> received,
            const at::Tensor& multiplier, const at::Tensor& next);

} // namespace caps
