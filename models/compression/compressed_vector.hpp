#pragma once

#include "models/state.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace caps {

/// How a vector was compressed. The values are part of the wire format.
enum class compression_kind : uint8_t {
  /// `values` are all elements.
  none = 0,
  /// `values` are those of the elements that `indices` names.
  top_k = 1,
  /// `values` are those of a random subset that `seed` names.
  random_k = 2,
  /// `values` are levels, one byte an element, between -scale and +scale of
  /// their block.
  quantize8 = 3,
  /// `values` are those of the stretches that `indices` names.
  parts = 4,
};

/// "none", "top_k", ...; "?" for a value that is no kind.
std::string_view to_text(compression_kind kind) noexcept;

/// A vector on its way from one node to another, compressed. All tensors are
/// 1-D, contiguous and in host memory; those a kind has no use for are
/// undefined. Nobody writes to them: `none` shares the sender's memory.
struct compressed_vector {
  compression_kind kind = compression_kind::none;
  /// Length of the whole vector.
  int64_t numel = 0;
  /// Elements as float or double, or as Half, which stands for any of the two
  /// (value_format.hpp), or levels as Byte: 128 + 127 x/scale.
  at::Tensor values{};
  /// Byte: the gaps between ascending indices (packed_indices.hpp), or the
  /// stretches (packed_ranges.hpp).
  at::Tensor indices{};
  /// One per block, of the vector's own type: the largest magnitude in it.
  at::Tensor scales{};
  /// Elements of a block; the last one may be shorter.
  int64_t block = 0;
  uint64_t seed = 0;
};

void visit_value(state_visitor& visitor, std::string_view name,
                 compressed_vector& value);

/// `x` in host memory, not copied if it lies there. Throws `error` unless it
/// can be compressed: 1-D, contiguous, of float or double.
at::Tensor host_vector(const at::Tensor& x);

/// Bytes of all tensors, and of the seed where there is one.
size_t size_bytes(const compressed_vector& x);

/// Throws `error` saying what is wrong unless `x` stands for a vector of
/// `numel` elements of `type` (float or double): a known kind, the tensors it
/// needs of matching types and lengths, indices ascending and in range, scales
/// finite. What comes from another process must pass before it is used; costs
/// one look at each index and scale.
void check(const compressed_vector& x, int64_t numel, at::ScalarType type);

/// The elements that `x` names, ascending; @pre `x` is valid and of kind top_k
/// or random_k.
std::vector<int32_t> indices_of(const compressed_vector& x);

/// Writes the vector that `x` stands for into `target`: zeros where nothing was
/// sent. `target` may lie on another device. Throws `error` as `check` does
/// with the length and type of `target`.
void decompress(const compressed_vector& x, const at::Tensor& target);

/// Writes the elements that were sent into `target`, which keeps all others.
/// Throws `error` as `decompress` does, and for kinds other than none and
/// parts: their values are not those of the vector.
void place_decompressed(const compressed_vector& x, const at::Tensor& target);

/// target = target + factor * decompressed x, touching only the elements that
/// were sent. Throws `error` as `decompress` does.
void add_decompressed(const compressed_vector& x, double factor,
                      const at::Tensor& target);

} // namespace caps
