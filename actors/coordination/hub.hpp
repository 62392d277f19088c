#pragma once

#include "actors/coordination/coordinator.hpp"
#include "messages/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace caps {

/// A process of a run, as its hub sees it.
struct process_entry {
  /// For people: "process 1", "host b".
  std::string name;
  /// Stands for its host; takes `all_joined` and `run_over`.
  caf::actor host;
  /// The nodes that live there, by ascending id.
  std::vector<node_id> nodes;
};

struct hub_config {
  /// By their numbers.
  std::vector<process_entry> processes;
  /// What all of them must have in common.
  run_identity identity;
  /// The coordinator of the run; starts it.
  caf::actor coordinator;
  /// Who sees to it that the run goes on without those that are gone, and with
  /// those that come back; none where it cannot.
  membership_actor membership{};
  /// Outlives the hub.
  run_observer* observer = nullptr;
  /// Longest time for all processes to join and to be introduced.
  std::chrono::nanoseconds join_timeout = std::chrono::seconds{60};
};

struct hub_state {
  static inline const char* name = "hub";

  hub_config config;
  /// Processes that have joined, and their numbers at their systems.
  std::map<uint32_t, int64_t> joined;
  /// Processes whose nodes know how to reach the others.
  std::set<uint32_t> wired;
  /// Whether the coordinator has taken over.
  bool started = false;
};

/// Brings the processes of a run together and starts the run:
///
///   joining ──all process_joined──> wiring ──all process_wired──> running
///      │                               │                             │
///      └──timeout, process_lost────────┴────────── run ends ─────────┘
///
/// The coordinator takes over once all nodes can reach each other. Where nodes
/// come and go, so do processes from then on.
hub_actor::behavior_type hub(hub_actor::stateful_pointer<hub_state> self,
                             hub_config config);

/// In what a process differs from what its run expects, both sides named; empty
/// if in nothing.
std::string difference(const run_identity& expected, const run_identity& found);

} // namespace caps
