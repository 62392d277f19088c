#pragma once

#include "messages/run_control.hpp"
#include "messages/types.hpp"
#include "models/errors.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// Loss and accuracy on one set of samples; the accuracy is empty for
/// regression, both are when the set is.
struct quality {
  std::optional<double> loss;
  std::optional<double> accuracy;
};

/// One node at the end of one epoch, or where it ends itself: a line of
/// metrics.csv.
struct metrics_row {
  node_id node = no_node;
  /// Counts from 1; each row of a node has another one.
  int64_t epoch = 0;
  int64_t step = 0;
  /// Seconds on the run's clock.
  double time = 0;
  quality train;
  quality validation;
  quality test;
  /// Mean over the nodes that live of the distance to the mean of all their
  /// parameters, at this epoch; empty for an epoch that nobody has ended.
  std::optional<double> consensus_distance;
  /// Test accuracy of that mean, at this epoch; empty where it is not wanted.
  std::optional<double> mean_model_accuracy;
  /// Of the last step; empty for a node that steps with none.
  std::optional<double> learning_rate;
  uint64_t bytes_sent = 0;
  uint64_t messages_sent = 0;
  /// Whether the node crashed here: its parameters are gone.
  bool crashed = false;
};

/// One edge in one direction at the end of one epoch: a line of edges.csv.
struct edge_row {
  int64_t epoch = 0;
  node_id from = no_node;
  node_id to = no_node;
  /// Distance of the parameters of the two ends; empty where one of them has
  /// none, as workers and nodes that crashed.
  std::optional<double> distance;
  uint64_t bytes_sent = 0;
  uint64_t messages_sent = 0;
  /// Messages on this edge that did not come in time.
  uint64_t missed = 0;
};

/// All nodes after one round: a line of rounds.csv.
struct round_row {
  int64_t step = 0;
  /// Seconds on the run's clock, of the last node to get there.
  double time = 0;
  double consensus_distance = 0;
};

/// Who takes part from a moment on: a line of views.csv.
struct view_row {
  int64_t number = 0;
  /// On the run's clock: when all were told, and when the first of what made it
  /// necessary was noticed.
  std::chrono::nanoseconds time{0};
  std::chrono::nanoseconds caused{0};
  /// The update from which it holds; -1: at once.
  int64_t from_step = -1;
  std::vector<node_id> living;
  /// One line.
  std::string cause;
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

  /// The run goes on from the state of another one, and what was told so far
  /// happened there.
  virtual void on_resumed() {}

  /// A node has made `step` steps.
  virtual void on_progress(node_id, int64_t /*step*/) {}

  /// A node will make no more steps: it has made its last, failed, crashed or
  /// was lost.
  virtual void on_finished(node_id) {}

  virtual void on_row(const metrics_row&) {}

  virtual void on_edge(const edge_row&) {}

  virtual void on_round(const round_row&) {}

  /// All who live have been told of the next view.
  virtual void on_view(const view_row&) {}

  /// What has passed between processes so far, of some edges.
  virtual void on_links(const link_report&) {}

  /// Something worth a line in the log.
  virtual void on_event(const node_event&) {}

  /// A node is gone and the run goes on without it: it crashed, or its process
  /// is no more. `stamp.step` is what is known of its steps.
  virtual void on_lost(const node_event&) {}

  /// A node cannot go on, which ends the run. `stamp.step` is what is known of
  /// its steps.
  virtual void on_failed(const node_event&) {}

  /// What a node's protocol measured up to the end of an epoch.
  virtual void on_metrics(const node_metrics&) {}

  /// A node at the end of an epoch, or (`final`) at the end of training.
  /// The parts of several parameter servers come as one, from the first.
  virtual void on_snapshot(const node_snapshot&) {}

  /// Nothing follows. All rows and snapshots have been delivered.
  virtual void on_end(const run_end&) {}
};

} // namespace caps
