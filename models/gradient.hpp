#pragma once

#include "models/data/dataset.hpp"
#include "models/nets/net.hpp"
#include "models/parameter_vector.hpp"

namespace caps {

/// The tensors one gradient computation reads and writes. Holding them keeps
/// their owner from writing to them (see `flat_buffer`), so the computation
/// may run in another thread.
struct gradient_tensors {
  /// Read: the flat parameters.
  at::Tensor weights;
  /// Overwritten: the flat gradient.
  at::Tensor gradient;
  /// Read and written: the flat buffers.
  at::Tensor buffers;
};

/// What one gradient computation found out besides the gradient.
struct gradient_summary {
  /// The training loss of the batch.
  double loss = 0;
  /// Samples whose class was predicted right; 0 for regression.
  int64_t correct = 0;
  /// Samples in the batch.
  int64_t samples = 0;
};

/// Share of a batch whose class was predicted right; 0 for no samples.
inline double accuracy(int64_t correct, int64_t samples) {
  return samples > 0
           ? static_cast<double>(correct) / static_cast<double>(samples)
           : 0;
}

/// Computes the gradient of the net's training loss over `data` straight into
/// the flat gradient. `generator` feeds dropout and may be
/// undefined for nets without it.
gradient_summary compute_gradient(const net& model,
                                  const gradient_tensors& tensors,
                                  const batch& data,
                                  const at::Generator& generator);

} // namespace caps
