#pragma once

#include "runtime/recording/rerun.hpp"
#include "runtime/run/run.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <optional>
#include <string>

namespace caps {

/// Where two parameter vectors differ most.
struct tensor_difference {
  /// The snapshot: the first of the node from the divergent event on.
  int64_t sequence = 0;
  /// Name of the parameter; empty if the vectors are equal.
  std::string tensor;
  /// Largest difference of two elements.
  double largest = 0;
};

/// How a recording was run again.
struct replay_report {
  /// Events that were equal in all columns.
  int64_t events = 0;
  /// The first event that was not.
  std::optional<divergence> first;
  /// Absent if the recording has no snapshot of that node from there on.
  std::optional<tensor_difference> where;

  /// Several lines for the user.
  std::string text() const;
};

/// Runs a whole recording again and compares every event. A run on the virtual
/// clock is executed again from its scenario, order and times included. One on
/// the real clock, or one that the user interrupted, gets its messages in the
/// recorded order: see `rerun`.
///
/// The plan is that of the recording. `settings` as for a run. An interrupt
/// ends it with an `error` of that exit code.
replay_report check_replay(recording_file& file, run_plan& plan,
                           const run_settings& settings);

/// The same in the recorded order, with new nodes in the place of all nodes
/// after the event `at`: they are given the state that the old ones show.
/// Throws `input_error` if there is no such event or the protocol does not show
/// its state.
replay_report check_resumed_replay(recording_file& file, const run_plan& plan,
                                   const run_settings& settings, int64_t at);

} // namespace caps
