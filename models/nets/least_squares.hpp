#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"

#include <memory>
#include <vector>

namespace caps {

/// Linear least squares, the convex problem with a known minimizer that update
/// rules are proved on. All parameters, strung together to one vector x, are
/// the unknowns: a row a of the data is mapped to a · x, and the loss is half
/// the sum (not the mean) of squared residuals, so that the gradient of a
/// batch (A, b) is Aᵀ(Ax - b).
///
/// The layout only cuts x into parameters, for rules that scale by fan-in or
/// by layer. Throws `input_error` for data that is not rows of
/// `layout->numel()` numbers with real targets.
std::shared_ptr<const net>
make_least_squares(const data_shape& data,
                   std::shared_ptr<const parameter_layout> layout);

struct least_squares_options {
  /// Shape of fc.weight; empty for one row of all features, without a bias.
  std::vector<int64_t> weight;

  void describe(option_visitor& visitor);
};

/// Cuts x into fc.weight of the given shape and, where a shape is given,
/// fc.bias of its first dimension.
std::shared_ptr<const net>
make_least_squares(const data_shape& data,
                   const least_squares_options& options);

} // namespace caps
