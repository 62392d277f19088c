#pragma once

#include "models/consensus/dual_edge.hpp"

namespace caps {

/// Options of `pdmm_isvr` and `admm_isvr`.
struct isvr_options {
  /// p, the weight of the duals. Published: 1 for PDMM, 2 for ADMM, 0.5 with
  /// `use_gcoef`.
  double piw = 1;
  /// K, the steps of one round, in which every edge swaps once.
  int64_t steps_per_round = 1;
  /// Scales the gradient by gamma = 1 - lr eta E (K/p - 1).
  ///
  /// At rest the nodes agree on the point where sum_i (gamma_i/eta_i) g_i = 0.
  /// Without this option that is the minimizer of the sum of the losses only
  /// if all nodes have equally many neighbours; with it gamma_i/eta_i is the
  /// same for all nodes of any graph.
  bool use_gcoef = false;
};

/// a_ij of these rules: +1 for j < i, else -1.
constexpr double isvr_sign(int64_t i, int64_t j) {
  return j < i ? 1 : -1;
}

/// eta = p / (lr (K E + K - p E)) of a node with E neighbours. Throws
/// `input_error` naming p, K and E unless it is positive and finite, which
/// needs 0 < p < K (E + 1)/E.
double isvr_eta(const isvr_options& options, double learning_rate,
                size_t neighbours);

/// PDMM-ISVR (Niwa et al., "Asynchronous decentralized optimization with
/// implicit stochastic variance reduction", ICML 2021), one local step:
///
///     w = (w/lr - gamma g + eta sum_j a_ij z_ij) / (1/lr + E eta)
///
/// and then prepares z_ij - 2 a_ij w for each neighbour. gamma = 1 unless
/// `use_gcoef`. A node without neighbours does an SGD step. One pass over
/// memory. `next` may be the same tensor as `weights`.
///
/// Throws `input_error` as `isvr_eta` does or for a learning rate that is not
/// positive, and `error` if the vectors do not fit together.
void pdmm_isvr(const isvr_options& options, double learning_rate,
               const at::Tensor& weights, const at::Tensor& gradient,
               std::span<const dual_edge> edges, const at::Tensor& next);

/// ADMM-ISVR: the same with the averaged duals in place of z_ij in the sum. The
/// dual prepared is still made from z_ij. (The published program averages only
/// at p = 2 and so runs PDMM under this name at other p.)
void admm_isvr(const isvr_options& options, double learning_rate,
               const at::Tensor& weights, const at::Tensor& gradient,
               std::span<const dual_edge> edges, const at::Tensor& next);

} // namespace caps
