#pragma once

#include "actors/node/batch_quality.hpp"
#include "actors/node/event_account.hpp"
#include "actors/node/gradient_work.hpp"
#include "actors/node/node_config.hpp"
#include "actors/node/node_context.hpp"
#include "actors/node/outbox.hpp"
#include "actors/node/running_protocol.hpp"
#include "actors/node/trained_parameters.hpp"
#include "actors/node/view_keeper.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message_handler.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <typeinfo>
#include <vector>

namespace caps {

/// Reminds a node of its crash, unless it crashes at another time by then.
struct crash_due {
  std::chrono::nanoseconds at{0};
};

/// A participant and its life: idle, training, away, finished. Implements
/// `peer_actor`; other messages go to the protocol, whose context it is.
///
/// Its parts know nothing of each other: what it trains
/// (`trained_parameters`), how it computes gradients (`gradient_work`), what it
/// sends (`outbox`), what those who look on are told (`event_account`), who
/// takes part with it (`view_keeper`), and the protocol that it follows
/// (`running_protocol`).
class node final : public caf::event_based_actor, public node_context {
public:
  node(caf::actor_config& config,
       std::shared_ptr<const node_environment> environment, node_config own);

  const char* name() const override { return "node"; }

  caf::behavior make_behavior() override;

  void on_exit() override;

  /// Everything this node waits for; for the error of a run that stands
  /// still.
  std::vector<waiting> waits() const;

  /// Shows everything that a node must remember to go on exactly where it is;
  /// a visitor that restores makes another node of the same configuration, to
  /// which its neighbours have been introduced and which was not started, go
  /// on in its place. A gradient under way counts as computed: its computation
  /// must have ended. What is on its way to the node is not part of it, timers
  /// included.
  ///
  /// Returns whether all of it was shown: protocols need not.
  bool visit_state(state_visitor& visitor);

  /// The same for its outgoing links. A visitor that restores may have nodes
  /// only whose neighbours were introduced.
  void visit_links(state_visitor& visitor) { outbox_.visit_links(visitor); }

  /// Whether the node has taken up what goes on otherwise than the run began.
  bool is_settled() const noexcept;

  /// What goes on otherwise than the run began is in its configuration.
  void settle() { adapted_ = environment_->changed; }

  /// When the node crashes, since training started, as things are now; nothing
  /// for never.
  const std::optional<duration>& crash_time() const;

  // -- implementation of node_context -----------------------------------------

  node_id id() const noexcept override { return own_.id; }
  node_id nodes() const noexcept override { return environment_->nodes; }
  node_role role() const noexcept override { return own_.role; }
  const std::vector<server_part>& servers() const noexcept override {
    return environment_->servers;
  }
  const std::vector<neighbour>& in_neighbours() const noexcept override {
    return own_.in_neighbours;
  }
  const std::vector<node_id>& out_neighbours() const noexcept override {
    return own_.out_neighbours;
  }
  double self_weight() const noexcept override { return own_.self_weight; }
  const swap_plan& swaps() const noexcept override {
    return environment_->swaps;
  }
  bool same_start() const noexcept override { return environment_->same_start; }

  bool averages_buffers() const noexcept override {
    return environment_->averages_buffers;
  }
  parameter_vector& parameters() noexcept override {
    return trained_.vectors();
  }
  caps::optimizer& optimizer() noexcept override {
    return trained_.optimizer();
  }
  random_stream& stream() noexcept override { return stream_; }
  int64_t step() const noexcept override { return trained_.step(); }
  int64_t steps_total() const noexcept override {
    return trained_.steps_total();
  }
  void compute() override;
  bool finish_step() override;
  void finish() override { conclude(); }
  void count_gradient(const gradient& x) override;
  duration now() const override { return events_.time() - started_; }
  void count_missed(node_id from) override { outbox_.count_missed(from); }
  void note(const std::string& text) override;
  void fail(error_code code, const std::string& text) override;
  at::Tensor accept(const message_stamp& from,
                    const tensor_payload& x) override;
  at::Tensor accept(const message_stamp& from, const tensor_payload& x,
                    int64_t numel) override;
  tensor_payload lend_weights() override;

protected:
  message_stamp next_stamp() override;
  caf::serializer* begin_digest() override { return events_.begin_digest(); }
  void route(node_id to, outgoing x) override;
  void schedule(duration delay, caf::message content) override;
  caf::actor_system& system() noexcept override { return home_system(); }

private:
  /// Training, or not now, or not any more: a node that is away or has finished
  /// takes no messages of others.
  enum class phase : uint8_t { idle, training, away, finished };

  // -- life -------------------------------------------------------------------

  void introduce(const introductions& x);
  void start(const start_training& x);
  void stop();
  /// Ends training here; it is reported with the event at hand, since what
  /// the protocol still sends belongs to the account.
  void conclude();
  void report_end();
  void schedule_crash();
  void crash(const crash_due& x);
  /// Takes up what goes on otherwise than the run began.
  void adapt();

  // -- membership: node_membership.cpp ----------------------------------------

  /// The handlers of what the membership of the run says.
  caf::message_handler membership_messages();
  void hear_proposal(const view_proposal& x);
  void hear_view(const node_view& x);
  /// Enters all views that hold by now.
  void enter_views();
  void enter(const node_view& x);
  /// Makes `x` the node's view; returns what became of its edges.
  edge_changes take_up(const node_view& x);
  /// Goes away in the course of an event.
  void go_away(const std::string& text);
  void crash(const crash_now& x);
  /// Ends a node that is away.
  void crash_for_good(const std::string& text);
  void end_pause();
  /// A message between nodes of a run that has views.
  void receive_in_view(const observed_message& x);
  void send_state(node_id to, int64_t view);
  void begin_with(const observed_message& x);
  /// Begins in the next view; `shared` is the state of another node, or null.
  void begin(const state_transfer* shared);
  /// Handles what came before its view was entered.
  void take_kept();

  // -- events -----------------------------------------------------------------

  /// Does `f`, which is what `origin` asks for, as one event.
  template <class F>
  void handle(const event_origin& origin, const caf::message& content, F f);
  void take_held(caf::message& content);
  void receive(caf::type_erased_tuple& content);
  void handle_of_protocol(caf::type_erased_tuple& content);
  /// Whether a message is of the type that the protocol was sent last.
  bool is_of_protocol(const caf::type_erased_tuple& content) const;
  /// Hands a message to the protocol.
  void dispatch(caf::type_erased_tuple& content);
  void take_gradient(const computed& x);
  void use_gradient(const computed& x, pending_gradient pending);
  /// Starts a computation that had to wait, if it need not any more.
  void compute_if_held();
  /// Runs `f`, turning an exception into a failure of the node.
  template <class F>
  void guarded(F f);

  // -- reports ----------------------------------------------------------------

  /// What a snapshot is taken of.
  enum class moment : uint8_t { end_of_epoch, end_of_training, crash };

  void send_snapshot(moment when);
  void send_metrics();
  /// Has the recording keep the vectors as they are after this event.
  void keep_state(snapshot_reason reason);
  /// Sends a message in a timer of its own to this node itself.
  void send_after(duration delay, caf::message content);

  std::shared_ptr<const node_environment> environment_;
  node_config own_;
  /// What the node has adapted to.
  std::shared_ptr<const std::vector<node_config>> adapted_;
  trained_parameters trained_;
  gradient_work gradients_;
  batch_quality quality_;
  outbox outbox_;
  event_account events_;
  running_protocol protocol_;
  /// What the node handles itself but for gradients, which are frequent: CAF
  /// compares names of types to find a handler.
  caf::message_handler own_messages_;
  /// Of the last message for the protocol; the next one most likely has it too.
  const std::type_info* protocol_type_ = nullptr;
  /// For the protocol's own decisions.
  random_stream stream_;
  caf::actor coordinator_;
  caf::actor evaluator_;
  view_keeper views_;
  caf::actor membership_;
  std::function<caf::actor(node_id)> way_;
  /// Messages of views that are still to come.
  std::vector<observed_message> kept_;
  /// What came while the node was paused.
  std::vector<caf::message> held_;
  bool paused_ = false;
  /// Whether views were entered since `kept_` was looked at.
  bool entered_ = false;
  /// Whether a gradient is to be computed once the node may.
  bool compute_held_ = false;
  phase phase_ = phase::idle;
  /// Whether training ends with the event at hand, and if it fails, how.
  bool ends_ = false;
  std::optional<node_failed> failure_;
  /// The epoch of the last snapshot.
  int64_t reported_ = 0;
  uint64_t sequence_ = 0;
  /// When the node started, on the clock.
  duration started_{0};
};

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::crash_due)
