#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace caps {

/// The most elements to select from: what indices of 32 bits can tell apart,
/// with room for whole blocks.
constexpr int64_t selection_numel_max = INT32_MAX - 4096;

/// Some elements of a vector.
struct selection {
  /// In ascending order.
  std::vector<int32_t> indices;
  /// As many, of the vector's type.
  at::Tensor values;
};

/// The `count` elements of `x` that are largest in magnitude; among equals the
/// first, and NaN counts as larger than infinity. `x` is a flat float or double
/// vector in host memory of at most `selection_numel_max` elements. Throws
/// `error` for any other vector or a count outside 0 to its length.
///
/// Exact. One vectorized pass over `x` finds the elements above a bound that
/// an even sample suggests, hardly more than `count`; selection runs among
/// those (and again with a lower bound if the sample misled).
selection largest_elements(const at::Tensor& x, int64_t count);

/// `count` of `numel` elements, every subset equally likely, in ascending
/// order: a function of `seed` alone, on every machine. Draws `count` numbers
/// (Floyd's method: Bentley and Floyd, CACM 1987) and marks them in a bitmap.
/// Throws `error` for a count outside 0 to numel, or more than
/// `selection_numel_max` elements.
std::vector<int32_t> random_elements(uint64_t seed, int64_t count,
                                     int64_t numel);

} // namespace caps
