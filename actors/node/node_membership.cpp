// How a node takes part in the views of its run, goes away and comes back.

#include "actors/node/node.hpp"

#include "actors/node/node_events.hpp"
#include "actors/node/payload_tensor.hpp"
#include "messages/byte_pieces.hpp"
#include "models/checkpoint/checksums.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"
#include "models/state_values.hpp"

#include <caf/send.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace caps {

namespace {

uint64_t digest_of(const state_transfer& x) {
  auto all = from_pieces({x.weights, x.buffers});
  all += from_pieces(x.rest);
  return checksum(std::as_bytes(std::span{all}));
}

bool takes_part(const node_view& x, node_id id) {
  return std::ranges::binary_search(x.living, id);
}

event_origin origin_of(std::string_view kind, int64_t number) {
  event_origin result;
  result.kind = kind;
  result.stamp.source = no_node;
  result.stamp.sequence = static_cast<uint64_t>(number);
  return result;
}

} // namespace

caf::message_handler node::membership_messages() {
  return {
    [this](const view_proposal& x) { hear_proposal(x); },
    [this](const node_view& x) { hear_view(x); },
    [this](const crash_now& x) { crash(x); },
    [this](pause_node) { paused_ = phase_ == phase::training; },
    [this](resume_node) { end_pause(); },
    [this](give_up) {
      if (phase_ == phase::away)
        crash_for_good(fmt::format("node {} does not come back: the others "
                                   "have finished",
                                   id()));
    },
    [this](const part_links& x) { outbox_.part(x.peers, 1); },
    [this](const join_links& x) { outbox_.part(x.peers, -1); },
  };
}

// -- views --------------------------------------------------------------------

void node::hear_proposal(const view_proposal& x) {
  view_bound answer;
  answer.number = x.number;
  answer.finished = phase_ == phase::finished;
  if (!answer.finished)
    handle(origin_of(event_kind::proposal, x.number), caf::make_message(x),
           [&] {
             answer.step = views_.promise(x.number, step() + 1);
             guarded([&] {
               for (auto gone : x.gone)
                 protocol_.stop_waiting_for(gone);
             });
           });
  answer.stamp = next_stamp();
  caf::anon_send(membership_, answer);
}

void node::hear_view(const node_view& x) {
  if (phase_ == phase::away && x.ends)
    crash_for_good(fmt::format("node {} leaves before it has begun", id()));
  if (phase_ == phase::finished)
    return;
  handle(origin_of(event_kind::view, x.number), caf::make_message(x), [&] {
    auto in = takes_part(x, id());
    if (phase_ == phase::away) {
      if (in)
        views_.add(x);
      if (in && x.begins && x.donor == no_node)
        begin(nullptr);
      return;
    }
    if (!in && !x.ends) {
      // The others went on without it.
      go_away(fmt::format("node {} was left out of view {} and asks to "
                          "come back",
                          id(), x.number));
      caf::anon_send(membership_, node_returns{next_stamp()});
      return;
    }
    views_.add(x);
    enter_views();
    compute_if_held();
  });
}

void node::enter_views() {
  if (!environment_->has_views)
    return;
  while (phase_ == phase::training)
    if (auto next = views_.take_next(step()))
      enter(*next);
    else
      return;
}

void node::enter(const node_view& x) {
  if (x.ends) {
    caf::anon_send(evaluator_, node_away{next_stamp()});
    conclude();
    return;
  }
  auto changes = take_up(x);
  guarded([&] {
    if (!protocol_.neighbours_changed(changes))
      throw input_error("this protocol cannot go on with other neighbours "
                        "(protocol::neighbours_changed)");
    for (auto to : x.receivers)
      send_state(to, x.number);
  });
}

edge_changes node::take_up(const node_view& x) {
  entered_ = true;
  for (const auto* named : {&x.out, &x.receivers})
    outbox_.extend(*named, way_, own_.links, own_.new_link);
  sequence_ = std::max(sequence_, static_cast<uint64_t>(x.number)
                                    * view_keeper::numbers_per_view);
  return views_.enter(x, own_);
}

void node::receive_in_view(const observed_message& x) {
  if (x.origin.stamp.source == id()) { // a timer
    if (phase_ == phase::training) {
      auto letter = x.content;
      handle(x.origin, {}, [&] { dispatch(letter); });
    }
    return;
  }
  if (x.content.match_elements<state_transfer>()) {
    begin_with(x);
    return;
  }
  switch (views_.judge(x.origin.stamp, own_, phase_ == phase::away)) {
    case view_keeper::verdict::take: {
      auto letter = x.content;
      handle(x.origin, letter, [&] { dispatch(letter); });
      return;
    }
    case view_keeper::verdict::keep:
      kept_.push_back(x);
      return;
    case view_keeper::verdict::drop:
      return;
  }
}

void node::take_kept() {
  entered_ = false;
  for (const auto& x : std::exchange(kept_, {}))
    if (phase_ != phase::finished)
      receive_in_view(x);
}

// -- going and coming back ----------------------------------------------------

void node::go_away(const std::string& text) {
  phase_ = phase::away;
  compute_held_ = false;
  gradients_.abandon();
  views_.clear();
  kept_.clear();
  if (!text.empty())
    note(text);
  caf::anon_send(evaluator_, node_away{next_stamp()});
}

void node::crash(const crash_now& x) {
  paused_ = false;
  auto held = std::exchange(held_, {});
  auto time = clock().now().time_since_epoch() - started_;
  auto text = fmt::format("node {} crashes at {} after {} steps", id(),
                          to_text(duration{time}), step());
  views_.clear();
  kept_.clear();
  if (!x.returns)
    crash_for_good(text);
  else if (phase_ == phase::training)
    handle({.kind = event_kind::down}, {}, [&] { go_away(text); });
  // The end of a computation is no message that could be lost.
  for (auto& y : held)
    if (y.match_elements<computed>())
      take_held(y);
}

void node::end_pause() {
  if (!std::exchange(paused_, false))
    return;
  for (auto& x : std::exchange(held_, {}))
    take_held(x);
}

void node::take_held(caf::message& content) {
  if (content.match_elements<computed>())
    take_gradient(content.get_as<computed>(0));
  else if (!own_messages_(content) && phase_ != phase::finished)
    receive(content);
}

void node::send_state(node_id to, int64_t view) {
  state_transfer x;
  x.view = view;
  x.weights = lend_weights();
  x.buffers = to_payload(parameters().buffers().read());
  state_writer rest;
  visit_nested(rest, "optimizer", optimizer());
  rest.enter("protocol");
  protocol_.share_state(rest);
  rest.leave();
  x.rest = to_pieces(to_safetensors(rest.contents()));
  x.digest = digest_of(x);
  node_context::send(to, std::move(x));
}

void node::begin_with(const observed_message& x) {
  const auto& shared = x.content.get_as<state_transfer>(0);
  auto first = views_.beginning();
  if (phase_ != phase::away || first == nullptr || first->number != shared.view
      || first->donor != shared.stamp.source)
    return;
  handle(x.origin, x.content, [&] { guarded([&] { begin(&shared); }); });
}

void node::begin(const state_transfer* shared) {
  auto view = *views_.take_next(std::numeric_limits<int64_t>::max());
  take_up(view);
  phase_ = phase::training;
  protocol_.make(environment_->protocol, *this);
  if (shared != nullptr) {
    if (shared->digest != digest_of(*shared))
      throw input_error(fmt::format("the state that node {} sent is damaged",
                                    shared->stamp.source));
    auto weights = accept(shared->stamp, shared->weights);
    auto buffers = accept(shared->stamp, shared->buffers,
                          parameters().layout().buffer_numel());
    if (!weights.defined() || !buffers.defined())
      return;
    auto name = fmt::format("the state of node {}", shared->stamp.source);
    state_reader rest{from_safetensors(from_pieces(shared->rest), name), name,
                      environment_->options.device()};
    visit_nested(rest, "optimizer", optimizer());
    rest.enter("protocol");
    protocol_.share_state(rest);
    rest.leave();
    rest.finish();
    trained_.go_on_from(shared->stamp.step, weights, buffers);
  }
  note(fmt::format("node {} begins in view {} at step {}{}", id(), view.number,
                   step(),
                   shared == nullptr ? ""
                                     : fmt::format(" with the state of node {}",
                                                   shared->stamp.source)));
  caf::anon_send(membership_, node_begun{next_stamp(), view.number});
  caf::anon_send(evaluator_, node_back{next_stamp(), trained_.epoch()});
  auto content = caf::make_message(start_training{});
  protocol_.handle(content);
  enter_views();
}

} // namespace caps
