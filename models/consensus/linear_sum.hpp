#pragma once

#include "models/fused_pass.hpp"

#include <span>

namespace caps {

/// One summand: a vector and what it is multiplied by.
struct linear_term {
  double factor = 1;
  flat_view vector;
};

/// Writes target = sum_k terms[k].factor * terms[k].vector over `range`. Sums
/// in the order given, whatever the number of terms, so that the result is
/// the same however the range is cut. `target` may be a vector of the first
/// four terms, but of none after them. Throws `error` unless there is a term
/// and all vectors are alike.
void linear_sum(element_range range, const flat_view& target,
                std::span<const linear_term> terms);

} // namespace caps
