#pragma once

#include "actors/run_observer.hpp"
#include "runtime/run/plan.hpp"

#include <atomic>

namespace caps {

/// How to execute a plan.
struct run_settings {
  /// Compute threads.
  size_t threads = 1;
  /// Operating-system processes; more than one on the real clock only.
  size_t processes = 1;
  /// Becomes true when the user wants the run to end early.
  const std::atomic<bool>* interrupted = nullptr;
};

/// Runs a plan on the virtual clock, in this thread and the compute threads.
/// Returns how it ended after telling the observer.
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
