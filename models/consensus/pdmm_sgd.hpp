#pragma once

#include "models/consensus/dual_edge.hpp"
#include "models/parameter_layout.hpp"

namespace caps {

/// Options of `pdmm_sgd` and `admm_sgd`; the defaults are the published ones.
struct pdmm_sgd_options {
  /// 1/learning rate at the start: how strongly a step holds on to w.
  double mu = 200;
  /// Weight of the duals at that learning rate; it grows with 1/learning rate
  /// as mu does.
  double eta = 1;
  /// Weight of the pull towards the neighbours' parameters; 0 for none, and
  /// then the neighbours need not send them.
  double rho = 0.1;
};

/// Throws `input_error` unless mu and eta are positive and rho is not
/// negative, all finite.
void check(const pdmm_sgd_options& options);

/// a_ij of these rules: +1 for i < j, else -1.
constexpr double pdmm_sgd_sign(int64_t i, int64_t j) {
  return i < j ? 1 : -1;
}

/// PDMM-SGD (Niwa et al., "Edge-consensus learning: deep learning on P2P
/// networks with nonhomogeneous data", KDD 2020), one step of a node with E
/// neighbours and learning rate lr:
///
///     m = 1/lr,  e = m eta/mu,  s = sqrt(fan_in) of each parameter
///     w = (m w - g + sum_j (s e/E) a_ij z_ij + sum_j (s rho/E) r_j)
///         / (m + s (e + rho))
///
/// and then prepares z_ij - 2 a_ij w for each neighbour. The neighbours are
/// also sent w itself when rho > 0. A node without neighbours does an SGD
/// step. One pass over memory. `next` may be the same tensor as `weights`.
///
/// Throws `input_error` for options out of range or a learning rate that is
/// not positive, and `error` if the vectors do not fit the layout.
void pdmm_sgd(const pdmm_sgd_options& options, double learning_rate,
              const parameter_layout& layout, const at::Tensor& weights,
              const at::Tensor& gradient, std::span<const dual_edge> edges,
              const at::Tensor& next);

/// ADMM-SGD: the same with the averaged duals in place of z_ij in the sum. The
/// dual prepared is still made from z_ij.
void admm_sgd(const pdmm_sgd_options& options, double learning_rate,
              const parameter_layout& layout, const at::Tensor& weights,
              const at::Tensor& gradient, std::span<const dual_edge> edges,
              const at::Tensor& next);

} // namespace caps
