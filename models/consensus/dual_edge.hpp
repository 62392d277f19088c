#pragma once

#include "models/fused_pass.hpp"

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

/// What a node knows about one neighbour j, and prepares for it, in the
/// methods that reach consensus through a dual variable per edge (PDMM and
/// ADMM, with SGD or with ISVR). All vectors have the length of the
/// parameters.
struct dual_edge {
  /// a_ij: +1 at one end of the edge, -1 at the other (see `pdmm_sgd_sign` and
  /// `isvr_sign`).
  double sign = 1;
  /// z_ij, the dual last received from j; zeros before the first.
  at::Tensor received;
  /// The running mean of the duals received, which the ADMM rules use in place
  /// of `received` and update in every step, whether or not a new dual came.
  /// Starts as a copy of the initial parameters, as in the published programs.
  /// The PDMM rules ignore it.
  at::Tensor average;
  /// r_j, the parameters last received from j; the node's own initial ones
  /// before the first. Used only by a rule with a proximity term (rho > 0).
  at::Tensor parameters;
  /// Written: the dual to send to j at the next swap, z_ij - 2 a_ij w with the
  /// new w. May be left undefined in a step no swap follows.
  at::Tensor prepared;
};

/// What the terms of one dual step are multiplied by.
struct dual_factors {
  double weights = 1;
  double gradient = 0;
  /// Of a_ij z_ij (or its average), for each neighbour.
  double dual = 0;
  /// Of r_j, for each neighbour; the r_j are not read where this is 0.
  double parameters = 0;
};

/// The part of a node's vectors that every dual step reads and writes.
struct dual_step {
  flat_view weights;
  flat_view gradient;
  std::span<const dual_edge> edges;
  /// Receives the new parameters; may be the same tensor as `weights`.
  flat_view next;
  /// Use and update the averaged duals (ADMM) instead of the last ones (PDMM).
  bool averaging = false;
};

/// Over `range` writes
///
///     average_j = (average_j + z_j) / 2                    (averaging only)
///     next = f.weights w + f.gradient g
///            + sum_j f.dual a_j (z_j or average_j) + sum_j f.parameters r_j
///     prepared_j = z_j - 2 a_j next
///
/// in one pass over memory.
void run(const dual_step& step, element_range range, const dual_factors& f);

} // namespace caps
