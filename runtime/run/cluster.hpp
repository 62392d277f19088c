#pragma once

#include "actors/coordination/coordinator.hpp"
#include "actors/evaluation/evaluator.hpp"
#include "actors/membership/membership.hpp"
#include "actors/node/node.hpp"
#include "runtime/run/plan.hpp"

#include <caf/actor_system.hpp>

#include <vector>

namespace caps {

/// The actors of a run in one process.
struct cluster {
  std::vector<caf::actor> nodes;
  caf::actor evaluator;
  caf::actor coordinator;
  /// None where nobody comes and goes.
  caf::actor membership;

  /// Tells all actors to end.
  void shut_down() const;
};

/// How a cluster's services are provided.
struct cluster_services {
  compute_service* compute = nullptr;
  run_observer* observer = nullptr;
  /// Gives the evaluator a thread of its own (real clock).
  bool detach_evaluator = false;
  /// Whether the run starts; else it goes on from somewhere.
  bool start = true;
};

/// Spawns nodes, evaluator, coordinator and membership, introduces them to each
/// other and lets the coordinator start the run, if it is to start. The plan
/// outlives the actors.
cluster start_cluster(caf::actor_system& system, run_plan& plan,
                      const cluster_services& services);

/// What the membership of the nodes that the coordinator knows is told.
membership_config make_membership_config(const run_plan& plan,
                                         const coordinator_config& everybody);

/// The evaluator's part of the plan.
evaluator_config make_evaluator_config(const run_plan& plan,
                                       const cluster_services& services);

} // namespace caps
