#pragma once

#include "models/options.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace caps {

/// How well one edge carries messages in one direction.
struct link_model {
  using duration = std::chrono::nanoseconds;

  /// Mean time from sending to delivery.
  duration latency{0};
  /// How far the latency varies; 0 for not at all, and then messages arrive
  /// in the order they were sent (unless held back).
  duration jitter{0};
  /// "gaussian": jitter is the standard deviation, and latencies below 0 are 0.
  /// "uniform": jitter is the largest deviation; likewise.
  std::string distribution = "gaussian";
  /// Bytes per second; messages of one link queue behind each other. 0 for no
  /// limit.
  double bandwidth = 0;
  /// Probability that a message is lost.
  double drop = 0;
  /// Probability that a message arrives twice.
  double duplicate = 0;
  /// Probability that a message is held back by `reorder_delay`.
  double reorder = 0;
  duration reorder_delay{0};
  /// A file of latencies in place of `latency` and `jitter`; empty for none.
  std::string trace{};
  /// What `read_trace` read.
  std::shared_ptr<const std::vector<duration>> trace_latencies{};

  /// Whether messages arrive at once and for certain.
  bool ideal() const noexcept;

  void describe(option_visitor& visitor);

  /// Throws `input_error` if options do not fit together.
  void check() const;

  /// Reads the trace file, if there is one. Throws `input_error` as
  /// `read_latencies` does.
  void read_trace();
};

/// Reads a file of one latency per line, in seconds; empty lines and what
/// follows a # do not count. Throws `input_error` with file and line for
/// anything else, a latency that is negative or above a day, or a file that
/// cannot be read or holds none.
std::vector<link_model::duration> read_latencies(const std::string& file);

} // namespace caps
