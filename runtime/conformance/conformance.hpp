#pragma once

#include "runtime/run/plan.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace caps {

/// What a protocol is checked with.
struct conformance_options {
  std::string protocol;
  /// Further key=value settings of the scenarios, such as options of the
  /// protocol or what it needs of a graph.
  std::vector<std::string> settings;
  /// Where scenarios and results go.
  std::filesystem::path folder;
  /// Longest time of the machine for one run.
  std::chrono::milliseconds limit{0};
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
