#pragma once

#include "actors/observation/event_sink.hpp"
#include "actors/observation/run_state.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/observation_log.hpp"

#include <caf/detail/test_actor_clock.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <vector>

namespace caps {

/// Something that the clock will deliver to a node.
struct due_delivery {
  enum class kind : uint8_t {
    /// A message of another node, or a timer.
    letter,
    /// A gradient, which the node holds already.
    computation,
    /// `crash_due`.
    crash,
  };

  std::chrono::nanoseconds time{0};
  node_id to = no_node;
  kind what = kind::letter;
  observed_message letter;
  /// Of a crash.
  std::chrono::nanoseconds crash_at{0};
};

/// The actors of a run on the virtual clock, seen as something that can be kept
/// and put in the place of another one.
class kept_run {
public:
  /// All outlive this object.
  kept_run(const run_plan& plan, const cluster& actors,
           caf::actor_system& system, caf::detail::test_actor_clock& clock,
           compute_pool& pool);

  /// The run as it is, now that nothing is left to be done at this time.
  /// Waits for computations that are under way. Nothing if it cannot be kept at
  /// this time, because it comes to its end or nodes have changes to take up.
  /// Throws `error` if it cannot be kept at all: its protocol does not show its
  /// state, or sends itself messages of types that were never registered.
  ///
  /// @param observed since the state before
  std::optional<run_state> keep(observation_log& observed);

  /// Puts the state of another run in the place of this one, whose nodes have
  /// been introduced and do not train yet, and reports what had been measured.
  /// The changes that the other one had made are in the configurations of
  /// these nodes. Throws `input_error` if the state does not fit.
  void go_on_from(const run_state& state, run_observer& observer);

private:
  node& at(size_t i) const;
  std::optional<std::vector<due_delivery>> deliveries() const;
  std::optional<due_delivery>
  delivery_of(const caf::detail::simple_actor_clock::delayed_event& x) const;
  void deliver(due_delivery x);
  void visit(state_visitor& visitor, std::vector<due_delivery>& due);

  const run_plan& plan_;
  const cluster& actors_;
  caf::actor_system& system_;
  caf::detail::test_actor_clock& clock_;
  compute_pool& pool_;
  std::map<caf::actor_id, node_id> ids_;
};

/// What is on its way to nodes in a state; `system` knows the messages. Throws
/// `input_error` for a damaged state.
std::vector<due_delivery> deliveries_of(const run_state& state,
                                        caf::actor_system& system);

} // namespace caps
