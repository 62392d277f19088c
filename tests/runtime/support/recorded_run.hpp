#pragma once

#include "runtime/recording/recorder.hpp"
#include "runtime/run/run.hpp"
#include "tests/support/files.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace caps::test {

/// A run and what was kept of it.
struct recorded_run {
  std::filesystem::path file;
  run_end end;
  recording_outcome outcome;
  /// What the recorder said went wrong.
  std::vector<std::string> failures;
  /// The last parameters of every node, as bytes.
  std::map<node_id, std::string> weights;
  uint64_t bytes_sent = 0;
  /// Of a fork: the event after which it went on; 0 if it started again.
  int64_t from = 0;
};

/// Where a fork begins.
enum class fork_start : uint8_t { last_state, first_event };

/// A small least-squares problem for three nodes, four epochs of six steps;
/// `settings` override keys.
run_plan small_plan(const std::vector<std::string>& settings);

/// Runs `small_plan` and records it as its keys say.
recorded_run record(const std::filesystem::path& file,
                    const std::vector<std::string>& settings, size_t threads);

/// The same for a plan that is there; the recording says of it what `facts`
/// say.
recorded_run record(const std::filesystem::path& file, run_plan& plan,
                    size_t threads,
                    const std::map<std::string, std::string>& facts = {});

/// Forks a recorded run after an event; throws what `prepare_fork` throws.
recorded_run fork(const recorded_run& original,
                  const std::filesystem::path& file, int64_t after,
                  const std::vector<std::string>& settings,
                  fork_start start = fork_start::last_state);

/// All rows of a table as text, without what differs from run to run.
std::vector<std::string> contents(const recorded_run& run,
                                  const std::string& table);

/// All rows of the table `event`.
std::vector<event_row> events_of(const recorded_run& run);

/// Runs a recording again, forks included, as a whole and event by event, and
/// checks that all happens as it was recorded.
void check_replays(const recorded_run& run);

} // namespace caps::test
