#pragma once

#include "models/options.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/storm/storm_run.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace caps {

/// Which storms to let loose, and on what.
struct storm_options {
  std::filesystem::path scenario;
  /// key=value over what the scenario says.
  std::vector<std::string> settings;
  int64_t runs = 1000;
  /// Of the first run; the others have the next ones.
  uint64_t first_seed = 1;
  /// Which of the faults drawn for a seed befall, from 1; empty for all.
  std::vector<int64_t> faults;
  /// Runs at a time.
  size_t jobs = 1;
  /// Becomes true when the user wants no more of them.
  const std::atomic<bool>* interrupted = nullptr;
};

/// A run in which a rule was broken.
struct storm_failure {
  uint64_t seed = 0;
  /// The rule, in one line.
  std::string broken;
  /// The fewest of its faults with which one still is, from 1, and what they
  /// are: inline tables of TOML.
  std::vector<int64_t> faults;
  std::vector<std::string> texts;
};

/// What came of all runs so far.
struct storm_account {
  int64_t runs = 0;
  /// Runs that said that they cannot go on.
  int64_t gave_up = 0;
  int64_t views = 0;
  int64_t events = 0;
  /// By kind.
  std::map<std::string, int64_t> faults;
  /// By seed.
  std::vector<storm_failure> failures;
};

/// Runs the scenario's nodes, graph and protocol on the virtual clock, with a
/// logistic regression of 100 parameters in the place of data and model, in
/// storms of faults drawn from consecutive seeds; on one compute thread and
/// again on two, which must be the same. Looks at each as `run_in_storm` says,
/// and once at a run without faults. Calls `tell` now and then, never twice at
/// a time.
///
/// Throws `input_error` for a scenario that cannot be run so.
storm_account storm(const storm_options& options, const components& known,
                    const std::function<void(const storm_account&)>& tell);

} // namespace caps
