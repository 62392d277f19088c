#pragma once

#include "actors/node/node.hpp"
#include "messages/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>

namespace caps {

struct host_config {
  uint32_t process = 0;
  /// The nodes that live in this process, by ascending id, and their
  /// out-neighbours.
  std::vector<acquaintance> nodes;
  std::vector<std::vector<node_id>> out_neighbours;
  /// Stand for the hub, the coordinator and the evaluator of the run.
  caf::actor hub;
  caf::actor coordinator;
  caf::actor evaluator;
  /// Where nodes come and go: stands for the membership.
  caf::actor membership{};
  /// What stands for node `to` of another process at node `from` of this one.
  std::function<caf::actor(node_id from, node_id to)> way;
  /// Called once, from the actor, when the run is over for this process; with
  /// a text if nobody else can tell the user why.
  std::function<void(const run_over&)> on_over;
};

struct host_state {
  static inline const char* name = "host";
  host_config config;
  bool over = false;
};

/// Represents a process: introduces its nodes when all processes are there,
/// and ends it when the run is over.
host_actor::behavior_type
host(host_actor::stateful_pointer<host_state> self, host_config config);

} // namespace caps
