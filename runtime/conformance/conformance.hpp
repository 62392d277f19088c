#pragma once

#include "models/errors.hpp"
#include "runtime/run/plan.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace caps {

/// A run that a check makes, of a scenario that lies in a file.
struct checked_run {
  std::filesystem::path scenario;
  /// Where its results go, over those that may be there.
  std::filesystem::path out;
  size_t threads = 1;
  size_t processes = 1;
};

/// What a protocol is checked with.
struct conformance_options {
  std::string protocol;
  /// Further key=value settings of the scenarios, such as options of the
  /// protocol or what it needs of a graph.
  std::vector<std::string> settings;
  /// Where scenarios and results go.
  std::filesystem::path folder;
  /// Called with the names of what is about to be written there.
  std::function<void(const std::vector<std::string>&)> claim{};
  /// Longest time of the machine for one run.
  std::chrono::milliseconds limit{0};
  /// Makes a run as the program does that the user calls. Called in a process
  /// of its own.
  std::function<exit_code(const checked_run&)> run{};
};

enum class verdict : uint8_t { passed, failed, not_checked };

/// One check of a protocol.
struct conformance_check {
  std::string name;
  verdict result = verdict::passed;
  /// What was found, in one line.
  std::string finding;
  /// A command line that shows the failure; empty unless it failed.
  std::string command;
};

/// Checks a protocol as people will use it: every run is a run of a scenario
/// that lies in the folder afterwards, in a process of its own. All solve the
/// same least-squares problem, of which each of four nodes knows a quarter.
/// Calls `tell` after each check; whatever the protocol does, all checks are
/// made.
///
/// This process must have one thread only. Throws `input_error` for a protocol
/// that `known` does not have or settings that do not fit it.
void check_conformance(const conformance_options& options,
                       const components& known,
                       const std::function<void(conformance_check)>& tell);

} // namespace caps
