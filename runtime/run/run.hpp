#pragma once

#include "actors/observation/run_observer.hpp"
#include "actors/observation/run_state.hpp"
#include "runtime/run/plan.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>

namespace caps {

class setup_phase;

/// When a run on the virtual clock starts.
inline constexpr std::chrono::nanoseconds virtual_start{1};

/// Where the processes of a run record what their nodes do.
struct recording_parts {
  /// That of the results; empty if they record nothing.
  std::filesystem::path folder = {};
  /// What all parts of a run have in common, and no other ones.
  std::string run = {};

  explicit operator bool() const noexcept { return !folder.empty(); }

  /// The part of a process by its number, the head of the run last.
  std::filesystem::path file(size_t process) const {
    return folder / ("part-" + std::to_string(process) + ".caps");
  }
};

/// How to execute a plan.
struct run_settings {
  /// Compute threads.
  size_t threads = 1;
  /// Operating-system processes; more than one on the real clock only.
  size_t processes = 1;
  /// Becomes true when the user wants the run to end early.
  const std::atomic<bool>* interrupted = nullptr;
  /// Ended when the run begins; null for none.
  setup_phase* setup = nullptr;
  /// On the virtual clock: where to go on instead of starting; outlives the
  /// run. What the plan changes in the course of the run after that is still to
  /// come.
  const run_state* from = nullptr;
  /// Of the recording of a run over several processes.
  recording_parts parts = {};
};

/// Runs a plan on the virtual clock, in this thread and the compute threads.
/// Returns how it ended after telling the observer. Throws `input_error` if the
/// run cannot go on from where the settings say.
run_end run_virtual(run_plan& plan, const run_settings& settings,
                    run_observer& observer);

/// How a run on the virtual clock ended, and how many messages and timers its
/// actors handled.
struct virtual_end {
  run_end end;
  int64_t events = 0;
};

/// The same with somebody else to compute gradients.
virtual_end run_virtual(run_plan& plan, const run_settings& settings,
                        run_observer& observer, compute_service& compute);

/// Runs a plan on the real clock in this process.
run_end run_real(run_plan& plan, const run_settings& settings,
                 run_observer& observer);

} // namespace caps
