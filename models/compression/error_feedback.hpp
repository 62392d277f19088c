#pragma once

#include "models/compression/compressor.hpp"
#include "models/state.hpp"

namespace caps {

/// Sends later what compression left out (error feedback: Stich, Cordonnier
/// and Jaggi, "Sparsified SGD with memory", NeurIPS 2018):
///
///     sent = compress(x + residual),  residual = x + residual - decompressed
///
/// so that after any number of vectors what was sent and the residual sum to
/// what was to be sent. Belongs to one sender and one receiver (or receivers
/// that get the same); not thread-safe.
class error_feedback {
public:
  explicit error_feedback(std::shared_ptr<const compressor> inner)
    : inner_(std::move(inner)) {}

  /// Compresses `x` and what is left of those before it. All vectors must be
  /// alike. Throws `error` as the compressor does.
  compressed_vector compress(const at::Tensor& x, random_stream& stream);

  /// What is still to be sent; undefined before the first vector, and always
  /// if the compressor loses nothing. Read-only.
  const at::Tensor& residual() const noexcept { return residual_; }

  void visit_state(state_visitor& visitor);

private:
  std::shared_ptr<const compressor> inner_;
  at::Tensor residual_;
};

} // namespace caps
