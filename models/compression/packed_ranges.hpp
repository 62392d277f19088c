#pragma once

#include "models/vector_loop.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace caps {

// A mask of the elements of a vector as the stretches that are in it: for each
// the number of elements left out before it and its length, in groups of 7
// bits, the lowest first, the highest bit of a byte saying that more follow. A
// stretch takes 2 to 8 bytes, whatever the length of the vector.

/// Packs `ranges`, which must be ascending and not overlap, into a Byte
/// tensor; neighbours that touch become one.
at::Tensor pack_ranges(std::span<const element_range> ranges);

/// Reads the ranges of a vector of `numel` elements. Throws `error` if the
/// bytes end in the middle of one, hold an empty one, or go beyond the vector.
std::vector<element_range> unpack_ranges(const at::Tensor& bytes,
                                         int64_t numel);

} // namespace caps
