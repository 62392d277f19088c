#pragma once

#include "runtime/run/plan.hpp"

#include <cstdint>

namespace caps::bench {

/// Runs a plan on the virtual clock with nobody to compute: gradients take
/// their virtual time and stay what they are. What is left is the protocol and
/// the clock. Returns the number of messages and timers that actors handled;
/// throws `error` if the run fails.
int64_t run_events(run_plan& plan);

} // namespace caps::bench
