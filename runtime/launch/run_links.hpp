#pragma once

#include "messages/run_control.hpp"
#include "runtime/launch/placement.hpp"
#include "runtime/run/plan.hpp"
#include "runtime/wire/wire_link.hpp"

#include <caf/actor_system_config.hpp>

namespace caps {

// What both ends of a link know of each other from the plan of their run. The
// head of the run has the number after the last process with nodes.

/// Whether a process that is lost can come back: its nodes need somebody to go
/// on from, whom workers of a parameter server do not have.
bool can_return(const run_plan& plan);

/// What the links of a process carry, by the number of the other one.
std::vector<wire_limits> limits_of(const run_plan& plan, const placement& where,
                                   size_t process);

/// What must be the same in all processes of a run.
run_identity identity_of(const run_plan& plan);

/// Settings of an actor system that is a part of a run of several processes.
void configure_process(caf::actor_system_config& config, size_t threads,
                       const run_plan& plan);

} // namespace caps
