#pragma once

#include "models/data/dataset.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace caps {

/// The samples of each node, as indices into one dataset. No shard is empty.
using shards = std::vector<std::vector<int64_t>>;

/// What a partition deals out.
struct partition_request {
  /// The dataset the indices mean.
  const dataset& data;
  /// The samples to deal (the training samples without those held out).
  std::span<const int64_t> samples;
  /// Number of shards to make.
  int64_t nodes = 1;
};

/// Deals samples to nodes. The same request and stream give the same shards
/// on every machine. Throws `input_error` when a node would get nothing, or
/// when the scheme needs classes and the data has none.
using partition_recipe
  = recipe<shards, const partition_request&, random_stream&>;

/// The built-in partitions.
registry<partition_recipe> built_in_partitions();

/// Training samples and those kept back to measure generalization during the
/// run, both in ascending order.
struct held_out {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};

/// Holds back `validation` of `size` samples, drawn from `stream`. Throws
/// `input_error` unless at least one sample is left to train on.
held_out hold_out(int64_t size, int64_t validation, random_stream& stream);

/// How many samples of each class a shard holds; empty for data without
/// classes.
std::vector<int64_t> class_histogram(const dataset& data,
                                     std::span<const int64_t> shard);

} // namespace caps
