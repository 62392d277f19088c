#pragma once

#include "models/errors.hpp"
#include "runtime/launch/join_order.hpp"
#include "runtime/recording/recorder.hpp"
#include "runtime/run/run.hpp"
#include "runtime/run/scenario_change.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caps {

/// What a run leaves behind, and what it says on the way.
struct report_options {
  /// The folder; made if it is not there.
  std::filesystem::path out;
  bool force = false;
  /// What the run is made from, for the log.
  std::string origin;
  /// Changes in the course of the run.
  std::vector<scenario_change> changes;
  /// Of a run that goes on instead of starting (`run_settings::from`): the
  /// recording to copy up to there.
  recording_file* original = nullptr;
  std::string log_level = "info";
  bool quiet = false;
  bool json = false;
};

/// Where the processes of a run on this machine record their nodes' events;
/// nowhere if the scenario wants none, or if nodes come and go with processes.
recording_parts parts_of(const run_plan& plan, size_t processes,
                         const std::filesystem::path& out);

/// The recording of one of these processes, which sees the events of the plan's
/// nodes from now on; null for none.
std::unique_ptr<recorder> record_part(run_plan& plan, const join_order& order);

/// Runs the plan and returns how that ended. The environment of the plan says
/// who sees its events.
using run_driver = std::function<run_end(run_observer&)>;

/// Runs a plan with all reports: files, recording, log, terminal. Returns the
/// exit code of the run.
exit_code run_and_report(run_plan& plan, const run_settings& settings,
                         const report_options& options,
                         const run_driver& execute);

} // namespace caps
