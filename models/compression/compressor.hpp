#pragma once

#include "models/compression/compressed_vector.hpp"
#include "models/options.hpp"
#include "models/random_stream.hpp"
#include "models/registry.hpp"

#include <memory>

namespace caps {

/// Makes vectors smaller, losing something. Has no state: what one vector lost
/// is remembered by `error_feedback`, or lies in the difference to a public
/// copy (CHOCO-SGD). Thread-safe.
class compressor {
public:
  virtual ~compressor() = default;

  /// Compresses a flat vector of float or double from any device. Randomness,
  /// if any, comes from `stream` alone. Throws `error` for a vector of another
  /// kind.
  virtual compressed_vector compress(const at::Tensor& x,
                                     random_stream& stream) const = 0;

  /// Whether nothing is lost.
  virtual bool is_exact() const noexcept { return false; }

  /// Whether what is left out can be sent later: it never grows beyond what
  /// there was to send.
  virtual bool is_contraction() const noexcept { return true; }
};

using compressor_recipe = recipe<std::unique_ptr<compressor>>;

/// The built-in compressors: none, top_k, random_k, half, quantize8.
registry<compressor_recipe> built_in_compressors();

} // namespace caps
