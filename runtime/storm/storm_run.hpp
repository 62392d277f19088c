#pragma once

#include "runtime/run/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace caps {

/// What a run in a storm has shown.
struct storm_result {
  /// Which rule was broken, in one line; empty for none.
  std::string broken;
  /// Whether the run said that it cannot go on, and for want of whom.
  bool gave_up = false;
  int64_t views = 0;
  int64_t events = 0;
  /// On the run's clock.
  std::chrono::nanoseconds duration{0};
  /// Of everything that the nodes handled, in its order, and of their
  /// parameters after it.
  uint64_t digest = 0;
  /// The largest consensus distance of a round; nothing if none was measured.
  std::optional<double> farthest{};
};

/// What no fault may change.
struct storm_limits {
  /// When a run that has not ended is taken to hang, on its clock.
  std::chrono::nanoseconds duration{0};
  /// How far apart nodes are at most without faults; nothing if that was not
  /// measured.
  std::optional<double> farthest{};
};

/// Runs a plan on the virtual clock and looks whether
///
/// - it comes to its end, or says who is missing and cannot be done without;
/// - no node counts an update twice, or leaves one out: each has made as many
///   in the end as there are, but for those that are gone or serve;
/// - nodes that swap stay together after the last view: at most ten times as
/// far
///   apart as they were when it began, or ever are without faults.
storm_result run_in_storm(run_plan& plan, size_t threads,
                          const storm_limits& limits);

} // namespace caps
