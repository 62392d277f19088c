#pragma once

#include "models/data/dataset.hpp"
#include "models/nets/net.hpp"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace caps {

/// Samples evaluated in one forward pass, unless said otherwise: so few that
/// what lies between two layers stays in the caches, where larger passes were
/// measured to take a sixth longer.
constexpr int64_t evaluation_chunk = 100;

/// What a number of samples add up to.
struct evaluation_sum {
  /// Sum of the samples' losses.
  double loss = 0;
  /// Samples whose highest score is that of their class; 0 for regression.
  int64_t correct = 0;
  /// Samples in the sum.
  int64_t count = 0;
};

/// The result of an evaluation.
struct evaluation {
  /// Mean loss of a sample. NaN or infinite only if the net's outputs are.
  double loss = 0;
  /// Share of samples classified correctly; absent for regression.
  std::optional<double> accuracy;
};

/// Cuts `indices` into runs of `size` (the last may be smaller) that can be
/// evaluated in different threads. @pre size > 0
std::vector<std::span<const int64_t>>
evaluation_chunks(std::span<const int64_t> indices,
                  int64_t size = evaluation_chunk);

/// Evaluates the samples at `indices` in one forward pass, in evaluation mode
/// and without gradients.
///
/// @param weights the flat parameters; decide dtype and device
/// @param buffers the flat buffers, read only
evaluation_sum evaluate_chunk(const net& model, const at::Tensor& weights,
                              const at::Tensor& buffers, const dataset& data,
                              std::span<const int64_t> indices);

/// Adds partial sums in the order given: the result depends on how the samples
/// were cut into chunks, but not on who computed which chunk when.
evaluation_sum combine(std::span<const evaluation_sum> sums);

/// The means over `sum.count` samples of data with the given shape. Throws
/// `input_error` if there are none.
evaluation to_evaluation(const evaluation_sum& sum, const data_shape& shape);

/// Evaluates the samples at `indices`, chunk by chunk.
evaluation evaluate(const net& model, const at::Tensor& weights,
                    const at::Tensor& buffers, const dataset& data,
                    std::span<const int64_t> indices,
                    int64_t chunk_size = evaluation_chunk);

} // namespace caps
