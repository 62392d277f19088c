// What a node remembers: how it shows it, and how it goes on with it when its
// optimizer or its protocol is given other options.

#include "actors/node/node.hpp"

#include "actors/links/delay_injector.hpp"
#include "actors/node/actor_object.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"
#include "models/random_state.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <utility>

namespace caps {

namespace {

std::optional<link_traffic>& traffic_of(const caf::actor& injector) {
  using type = caf::stateful_actor<delay_injector_state>;
  return actor_object<type>(injector).state.traffic;
}

} // namespace

bool node::visit_state(state_visitor& visitor) {
  visit_value(visitor, "phase", phase_);
  visit_value(visitor, "step", step_);
  visit_value(visitor, "sequence", sequence_);
  visit_value(visitor, "event_time", event_time_);
  visit_value(visitor, "started", started_);
  visit_value(visitor, "computations", computations_);
  visit_value(visitor, "timers", timers_);
  visit_value(visitor, "bytes_sent", bytes_sent_);
  visit_value(visitor, "messages_sent", messages_sent_);
  visit_value(visitor, "weights", parameters_.weights());
  visit_value(visitor, "gradient", parameters_.gradient());
  visit_value(visitor, "buffers", parameters_.buffers());
  visit_nested(visitor, "optimizer", *optimizer_);
  visit_random(visitor, "protocol stream", stream_);
  visit_random(visitor, "compute stream", compute_stream_);
  visit_random(visitor, "dropout stream", dropout_stream_);
  if (sampler_)
    visit_nested(visitor, "sampler", *sampler_);
  for (auto& x : links_) {
    visitor.enter(fmt::format("to {}", x.to));
    visit_value(visitor, "bytes_sent", x.bytes_sent);
    visit_value(visitor, "messages_sent", x.messages_sent);
    visitor.leave();
  }
  std::map<int64_t, int64_t> missed{missed_.begin(), missed_.end()};
  visit_value(visitor, "missed", missed);
  missed_ = {missed.begin(), missed.end()};
  visitor.enter("epoch");
  visit_value(visitor, "loss", sums_.loss);
  visit_value(visitor, "steps", sums_.steps);
  visit_value(visitor, "correct", sums_.correct);
  visit_value(visitor, "samples", sums_.samples);
  visitor.leave();
  visit_pending(visitor);
  visitor.enter("protocol");
  auto shown = protocol_->visit_state(visitor);
  visitor.leave();
  return shown;
}

void node::visit_links(state_visitor& visitor) {
  for (auto& x : links_) {
    visitor.enter(fmt::format("to {}", x.to));
    // A link that has become ideal keeps its injector.
    auto injected = static_cast<bool>(x.injector);
    visit_value(visitor, "injected", injected);
    if (injected && !x.injector)
      x.injector = make_injector(x.to, {});
    if (injected) {
      auto& traffic = traffic_of(x.injector);
      if (!traffic) // it has not begun yet
        traffic = traffic_to(x.to, {});
      visit_nested(visitor, "traffic", *traffic);
    }
    visitor.leave();
  }
}

bool node::is_settled() const noexcept {
  return phase_ == phase::finished
         || (phase_ == phase::training && adapted_ == environment_->changed);
}

void node::visit_pending(state_visitor& visitor) {
  visitor.enter("pending");
  auto computing = pending_.has_value();
  visit_value(visitor, "computing", computing);
  if (computing) {
    if (!pending_)
      pending_.emplace(pending_gradient{{},
                                        std::make_shared<gradient_summary>(),
                                        {.kind = event_kind::gradient_ready}});
    auto& x = *pending_;
    visit_value(visitor, "gradient", x.tensors.gradient);
    visit_value(visitor, "loss", x.summary->loss);
    visit_value(visitor, "correct", x.summary->correct);
    visit_value(visitor, "samples", x.summary->samples);
    visit_as_sent(visitor, "stamp", x.origin.stamp);
    visit_value(visitor, "cause", x.origin.cause);
    visit_value(visitor, "sent", x.origin.sent);
  }
  visitor.leave();
}

/// The rule is another one, its memory stays.
void node::change_optimizer() {
  state_writer memory;
  optimizer_->visit_state(memory);
  auto rule = environment_->optimizer->make(parameters_.layout_ptr(),
                                            environment_->options);
  base_rate_ = rule->learning_rate();
  state_reader reader{memory.contents(), "the optimizer",
                      environment_->options.device()};
  rule->visit_state(reader);
  rule->learning_rate(base_rate_);
  optimizer_ = std::move(rule);
  set_learning_rate();
}

/// A protocol with other options goes on where this one is.
void node::change_protocol() {
  protocol_made_by_ = environment_->protocol;
  state_writer memory;
  if (!protocol_->visit_state(memory))
    throw error("the options of a protocol that does not show its state "
                "cannot change");
  auto before = stream_; // a protocol may draw when it is made
  auto next = protocol_made_by_->make(*this);
  stream_ = before;
  auto handlers = next->behavior();
  try {
    state_reader reader{memory.contents(), "its state",
                        environment_->options.device()};
    next->visit_state(reader);
    reader.finish();
  } catch (const input_error& e) {
    throw error(fmt::format("the options of the protocol cannot change like "
                            "this in the course of a run: {}",
                            e.what()));
  }
  handlers_ = std::move(handlers);
  protocol_ = std::move(next);
}

} // namespace caps
