#pragma once

#include "actors/observation/run_observer.hpp"
#include "messages/actors.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <set>
#include <vector>

namespace caps {

class state_visitor;

/// What the coordinator of a run is told.
struct coordinator_config {
  /// All nodes. They have been introduced to each other before the run is
  /// started.
  std::vector<acquaintance> nodes;
  caf::actor evaluator;
  /// The parameter servers among the nodes. With them the loss of a worker is
  /// for them to judge; between peers it ends the run.
  std::vector<node_id> servers;
  /// Who sees to it that all agree on who takes part; none where nobody comes
  /// and goes.
  membership_actor membership{};
  /// Outlives the coordinator.
  run_observer* observer = nullptr;
  /// Longest time that nodes may take to finish once a run is stopped.
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds{5};
};

struct coordinator_state {
  static inline const char* name = "coordinator";

  coordinator_config config;
  /// Nodes that have not finished yet.
  std::set<node_id> running;
  /// When the nodes were started, on the clock.
  std::chrono::nanoseconds started{0};
  /// Whether a node has ended otherwise than by a crash.
  bool survived = false;
  bool stopping = false;
  bool ended = false;
  run_end end;

  /// Shows who is still training and since when; of a run that nobody has told
  /// to stop there is nothing else to know.
  void visit_state(state_visitor& visitor);
};

/// Starts all nodes, stops them all when one fails, and reports the end of
/// the run once everyone has finished and the evaluator has nothing left. A
/// run that no node survives has failed.
///
///   started ──node_finished of all──> flushing the evaluator ──> ended
///      │                                   ^
///      └──node_failed, stop_training──> stopping (at most stop_timeout)
coordinator_actor::behavior_type
coordinator(coordinator_actor::stateful_pointer<coordinator_state> self,
            coordinator_config config);

} // namespace caps
