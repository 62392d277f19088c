#pragma once

#include "models/flat_buffer.hpp"
#include "models/vector_loop.hpp"

#include <span>

namespace caps {

/// A part of a flat vector, such as what one of several servers keeps.
struct vector_part {
  element_range range;
  at::Tensor values;
};

/// Makes the vector of which these are the parts the next version of `whole`.
/// They follow each other and leave nothing out. A single one is taken as it
/// is, without a copy (see `flat_buffer::adopt`).
void assemble(std::span<const vector_part> parts, flat_buffer& whole);

} // namespace caps
