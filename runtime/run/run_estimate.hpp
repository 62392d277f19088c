#pragma once

#include "runtime/run/plan.hpp"

#include <cstddef>

namespace caps {

/// What all nodes send each other, as the protocol says it.
struct traffic {
  double messages_a_round = 0;
  double bytes_a_round = 0;
  int64_t steps_a_round = 1;
  /// In the whole run.
  double messages = 0;
  double bytes = 0;
};

traffic traffic_of(const run_plan& plan);

/// Bytes of one vector of all parameters.
double vector_bytes(const run_plan& plan);

/// Bytes of the weights that all nodes write.
double weights_bytes(const run_plan& plan);

/// Gradients that a node computes.
int64_t steps_a_node(const run_plan& plan);

/// What a run will take of this machine: not more than an estimate, which
/// knows neither what else the machine does nor what a protocol keeps.
struct run_estimate {
  /// Peak of the memory of all its processes.
  double memory_bytes = 0;
  /// Of run.caps.
  double recording_bytes = 0;
  double wall_seconds = 0;
};

/// Computes a gradient and an evaluation to see how long they take here.
/// `process_bytes` is the memory that this process takes, with the plan.
run_estimate estimate_run(const run_plan& plan, size_t threads,
                          size_t processes, double process_bytes);

} // namespace caps
