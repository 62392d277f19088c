#pragma once

#include "messages/types.hpp"
#include "models/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace caps {

/// Loss and accuracy on one set of samples; the accuracy is empty for
/// regression, both are when the set is.
struct quality {
  std::optional<double> loss;
  std::optional<double> accuracy;
};

/// One node at the end of one epoch: a line of metrics.csv.
struct metrics_row {
  node_id node = no_node;
  int64_t epoch = 0;
  int64_t step = 0;
  /// Seconds on the run's clock.
  double time = 0;
  quality train;
  quality validation;
  quality test;
  /// Mean over the nodes of the distance to the mean of all parameters, at
  /// this epoch.
  double consensus_distance = 0;
  uint64_t bytes_sent = 0;
  uint64_t messages_sent = 0;
};

/// How a run ended.
struct run_end {
  exit_code code = exit_code::success;
  /// One line for the user; empty on success.
  std::string text;
};

/// Whoever wants to know what happens in a run: files, progress bar, tests.
/// Called by the coordinator and the evaluator, which may live in different
/// threads.
class run_observer {
public:
  virtual ~run_observer() = default;

  /// Training has begun.
  virtual void on_start() {}

  /// A node has made `step` steps.
  virtual void on_progress(node_id, int64_t /*step*/) {}

  virtual void on_row(const metrics_row&) {}

  /// The last snapshot of a node.
  virtual void on_final(const node_snapshot&) {}

  /// Nothing follows. All rows and final snapshots have been delivered.
  virtual void on_end(const run_end&) {}
};

} // namespace caps
