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

/// Computes the gradient of the net's training loss over `data` straight into
/// the flat gradient; returns the loss. `generator` feeds dropout and may be
/// undefined for nets without it.
double compute_gradient(const net& model, const gradient_tensors& tensors,
                        const batch& data, const at::Generator& generator);

} // namespace caps
