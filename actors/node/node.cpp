#include "actors/node/node.hpp"

#include "actors/node/node_events.hpp"
#include "actors/node/payload_tensor.hpp"
#include "messages/error_code.hpp"
#include "models/errors.hpp"
#include "models/random_state.hpp"
#include "models/state_values.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_ostream.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace caps {

namespace {

/// Signs of life per node and run.
constexpr int64_t progress_reports = 100;

/// What a paused node handles later: all but what ends the pause.
bool waits_for_resume(const caf::type_erased_tuple& content) {
  return !content.match_elements<resume_node>()
         && !content.match_elements<crash_now>()
         && !content.match_elements<stop_training>();
}

} // namespace

node::node(caf::actor_config& config,
           std::shared_ptr<const node_environment> environment, node_config own)
  : caf::event_based_actor(config), environment_(std::move(environment)),
    own_(complete(std::move(own), *environment_)),
    trained_(environment_, own_),
    gradients_(environment_, own_.id, own_.role, std::move(own_.shard)),
    outbox_(*this, own_.id, environment_->seed),
    events_(environment_->events, own_.id, own_.role,
            environment_->options.device().is_cpu()),
    stream_(environment_->seed, own_.id, "protocol") {}

caf::behavior node::make_behavior() {
  protocol_.make(environment_->protocol, *this);
  own_messages_ = {
    [this](const introductions& x) { introduce(x); },
    [this](const start_training& x) { start(x); },
    [this](stop_training) { stop(); },
    [this](const crash_due& x) { crash(x); },
  };
  if (environment_->has_views)
    own_messages_ = own_messages_.or_else(membership_messages());
  // What the node itself does not handle belongs to the protocol.
  set_default_handler(
    [this](caf::scheduled_actor*,
           caf::message_view& x) -> caf::result<caf::message> {
      auto& content = x.content();
      if (paused_ && waits_for_resume(content)) {
        held_.push_back(x.move_content_to_message());
        return caf::message{};
      }
      if (!is_of_protocol(content) && own_messages_(content))
        return caf::message{};
      // Others may have started before: what they say waits.
      if (phase_ == phase::idle)
        return caf::skip();
      if (phase_ != phase::finished)
        receive(content);
      return caf::message{};
    });
  return {[this](const computed& x) {
    if (paused_)
      held_.push_back(caf::make_message(x));
    else
      take_gradient(x);
  }};
}

void node::on_exit() {
  outbox_.close();
  coordinator_ = nullptr;
  evaluator_ = nullptr;
  membership_ = nullptr;
  way_ = nullptr;
  protocol_.close();
}

std::vector<waiting> node::waits() const {
  if (phase_ != phase::training)
    return {};
  return protocol_.waits();
}

bool node::visit_state(state_visitor& visitor) {
  visit_value(visitor, "phase", phase_);
  visit_value(visitor, "sequence", sequence_);
  visit_value(visitor, "started", started_);
  visit_value(visitor, "reported", reported_);
  events_.visit_state(visitor);
  trained_.visit_state(visitor);
  visit_random(visitor, "protocol stream", stream_);
  gradients_.visit_state(visitor, home_system());
  outbox_.visit_state(visitor);
  quality_.visit_state(visitor);
  // The views that are to come, and what came for them, are not shown.
  return protocol_.visit_state(visitor) && !environment_->has_views;
}

bool node::is_settled() const noexcept {
  return phase_ == phase::finished
         || (phase_ == phase::training && adapted_ == environment_->changed);
}

// -- life ---------------------------------------------------------------------

void node::introduce(const introductions& x) {
  coordinator_ = x.coordinator;
  evaluator_ = x.evaluator;
  membership_ = x.membership;
  way_ = x.way;
  outbox_.open(x.neighbours, own_.links);
}

void node::start(const start_training& x) {
  if (phase_ != phase::idle)
    return;
  phase_ = phase::training;
  handle({.kind = event_kind::start}, {}, [&] {
    started_ = events_.time() - duration{x.elapsed};
    if (own_.absent) {
      go_away({});
      return;
    }
    keep_state(snapshot_reason::start);
    auto content = caf::make_message(start_training{});
    guarded([&] { protocol_.handle(content); });
  });
  if (own_.crash_at)
    schedule_crash();
}

void node::stop() {
  if (phase_ == phase::away)
    crash_for_good(
      fmt::format("node {} was away when the run was stopped", id()));
  else if (phase_ != phase::finished)
    handle({.kind = event_kind::stop}, {}, [this] { conclude(); });
}

void node::conclude() {
  if (phase_ == phase::finished)
    return;
  phase_ = phase::finished;
  ends_ = true;
}

void node::fail(error_code code, const std::string& text) {
  if (phase_ == phase::finished)
    return;
  if (events_.is_watched())
    events_.note(true, text);
  phase_ = phase::finished;
  ends_ = true;
  failure_ = node_failed{{}, static_cast<uint8_t>(code), text};
}

void node::schedule_crash() {
  send_after(std::max(duration{0}, *own_.crash_at - now()),
             caf::make_message(crash_due{*own_.crash_at}));
}

const std::optional<node::duration>& node::crash_time() const {
  const auto& next = environment_->changed;
  return adapted_ == next ? own_.crash_at
                          : next->at(static_cast<size_t>(own_.id)).crash_at;
}

void node::crash(const crash_due& x) {
  if (phase_ == phase::training && crash_time() == x.at)
    crash_for_good(fmt::format("node {} crashes at {} after {} steps, as "
                               "[[fault]] says",
                               id(), to_text(x.at), step()));
}

void node::crash_for_good(const std::string& text) {
  if (phase_ == phase::finished)
    return;
  // No last words to other nodes: that is for their protocols to notice.
  handle({.kind = event_kind::crash}, {}, [&] {
    if (events_.is_watched())
      events_.note(true, text);
    send_snapshot(moment::crash);
    keep_state(snapshot_reason::end);
    phase_ = phase::finished;
    caf::anon_send(
      coordinator_,
      node_failed{next_stamp(),
                  static_cast<uint8_t>(error_code::node_crashed), text});
  });
}

void node::adapt() {
  adapted_ = environment_->changed;
  const auto& next = adapted_->at(static_cast<size_t>(own_.id));
  own_.compute = next.compute;
  outbox_.change(next.links);
  trained_.change_optimizer();
  guarded([this] {
    protocol_.change(environment_->protocol, *this,
                     environment_->options.device());
  });
  if (next.crash_at != own_.crash_at) {
    own_.crash_at = next.crash_at;
    if (own_.crash_at)
      schedule_crash();
  }
}

// -- events -------------------------------------------------------------------

bool node::is_of_protocol(const caf::type_erased_tuple& content) const {
  return content.size() == 1 && content.type(0).second == protocol_type_
         && protocol_type_ != nullptr;
}

void node::receive(caf::type_erased_tuple& content) {
  if (is_of_protocol(content)) {
    handle_of_protocol(content);
    return;
  }
  if (content.match_elements<sent_in_view>()) {
    const auto& x = content.get_as<sent_in_view>(0);
    receive_in_view({x.content, {.stamp = x.stamp}});
    return;
  }
  if (content.match_elements<observed_message>()) {
    const auto& x = content.get_as<observed_message>(0);
    if (environment_->has_views) {
      receive_in_view(x);
      return;
    }
    auto own = x.origin.stamp.source == id();
    auto letter = x.content;
    handle(x.origin, own ? caf::message{} : letter, [&] { dispatch(letter); });
    return;
  }
  if (content.size() == 1)
    protocol_type_ = content.type(0).second;
  handle_of_protocol(content);
}

void node::handle_of_protocol(caf::type_erased_tuple& content) {
  event_origin origin;
  if (environment_->events != nullptr)
    origin.kind = message_kind(content);
  handle(origin, {}, [&] { dispatch(content); });
}

void node::dispatch(caf::type_erased_tuple& content) {
  guarded([&] {
    if (!protocol_.handle(content))
      fail(error_code::fault,
           fmt::format("node {} received a message its protocol does not "
                       "know: {}",
                       id(), caf::to_string(content)));
  });
}

void node::take_gradient(const computed& x) {
  if (phase_ == phase::finished)
    return;
  auto pending = gradients_.take();
  auto origin = pending.origin();
  handle(origin, {}, [&] {
    if (pending.is_abandoned())
      compute_if_held();
    else
      guarded([&] { use_gradient(x, std::move(pending)); });
  });
}

void node::use_gradient(const computed& x, pending_gradient pending) {
  environment_->compute->pool().wait(x.ticket);
  auto summary = pending.summary();
  if (!std::isfinite(summary.loss)) {
    fail(error_code::diverged,
         fmt::format("node {} diverged: its training loss is {} at step {}; "
                     "a smaller optimizer.lr usually helps",
                     id(), to_text(summary.loss), step() + 1));
    return;
  }
  auto& gradient = parameters().gradient();
  std::move(pending).commit(gradient);
  if (events_.is_watched())
    events_.add_gradient(summary.loss, gradient.read());
  quality_.add(summary.loss, summary.correct, summary.samples);
  auto content = caf::make_message(
    gradient_ready{summary.loss, summary.correct, summary.samples});
  protocol_.handle(content);
}

// -- training -----------------------------------------------------------------

void node::compute() {
  // Before the node was away, it may have begun one.
  compute_held_ = views_.holds(step()) || gradients_.under_way();
  if (compute_held_)
    return;
  gradients_.start(this, parameters(), own_.compute,
                   events_.begin_computation(step()));
}

void node::compute_if_held() {
  if (compute_held_ && phase_ == phase::training)
    compute();
}

bool node::finish_step() {
  trained_.count_step();
  if (step() == steps_total()) {
    conclude();
    return false;
  }
  if (trained_.ends_epoch(environment_->snapshot_every))
    send_snapshot(moment::end_of_epoch);
  if (auto every = events_.snapshot_every().value_or(0);
      every > 0 && trained_.ends_epoch(every))
    keep_state(snapshot_reason::epoch);
  auto report = environment_->report_every * swaps().schedule->round();
  if (report > 0 && step() % report == 0 && role() == node_role::peer)
    caf::anon_send(evaluator_,
                   node_report{next_stamp(), now().count(), lend_weights()});
  if (step() % std::max<int64_t>(1, steps_total() / progress_reports) == 0)
    caf::anon_send(coordinator_, progress{next_stamp()});
  enter_views();
  return phase_ == phase::training;
}

void node::count_gradient(const gradient& x) {
  if (events_.is_watched())
    events_.add_loss(x.loss);
  quality_.add(x.loss, x.correct, x.samples);
}

} // namespace caps
