#pragma once

#include "actors/coordination/coordinator.hpp"
#include "messages/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace caps {

struct hub_config {
  /// Number of processes that will join.
  uint32_t processes = 0;
  /// Digest of this process's parameter layout.
  uint64_t layout = 0;
  caf::actor evaluator;
  /// The parameter servers of the run.
  std::vector<node_id> servers;
  /// Outlives the hub.
  run_observer* observer = nullptr;
  /// Longest time for all processes to join and to reach each other.
  std::chrono::nanoseconds join_timeout = std::chrono::seconds{60};
};

struct hub_state {
  static inline const char* name = "hub";

  hub_config config;
  std::map<uint32_t, process_joined> joined;
  /// Processes that have not connected to the others yet.
  size_t unwired = 0;
  /// Set once the run has started.
  coordinator_actor coordinator;
};

/// Brings the processes of a run together and starts the run:
///
///   joining ──all process_joined──> wiring ──all ok──> running
///      │                               │                  │
///      └──timeout, process_lost────────┴── run ends ──────┘
///
/// The coordinator takes over once all nodes can reach each other.
hub_actor::behavior_type hub(hub_actor::stateful_pointer<hub_state> self,
                             hub_config config);

} // namespace caps
