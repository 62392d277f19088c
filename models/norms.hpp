#pragma once

#include "models/fused_pass.hpp"

namespace caps {

/// The Euclidean norm of the elements of `x` in `range`. Squares are added up
/// in an order that does not depend on the machine: in the elements' precision
/// over short blocks, in double precision over all. NaN if an element is NaN,
/// infinite if the squares overflow.
double norm(const flat_view& x, element_range range);

} // namespace caps
