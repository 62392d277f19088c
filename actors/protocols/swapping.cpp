#include "actors/protocols/swapping.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/consensus/averaging.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

swapping::swapping(node_context& context, swap_order order)
  : context_(context), order_(order),
    deadline_(context, context.swaps().timeout) {
  for (const auto& x : context.in_neighbours()) {
    inboxes_.push_back({partner{x.id}, {}, -1, false});
    mixing_.push_back(x.weight);
  }
}

std::vector<waiting> swapping::waits() const {
  std::vector<waiting> result;
  if (swapping_)
    for (const auto& x : inboxes_)
      if (missing(x))
        result.push_back(
          {x.from.id(), fmt::format("the message of step {}", context_.step()),
           deadline_.since()});
  return result;
}

void swapping::stop_waiting_for(node_id gone) {
  auto i = index_of(gone);
  if (i == inboxes_.size())
    return;
  inboxes_[i].gone = true;
  if (swapping_)
    proceed();
}

bool swapping::neighbours_changed(const edge_changes& x) {
  const auto& now = context_.in_neighbours();
  edge_changes::carry(inboxes_, x.in, [&](size_t i) {
    return inbox{partner{now[i].id}, {}, -1, false};
  });
  mixing_.clear();
  for (size_t i = 0; i < now.size(); ++i) {
    mixing_.push_back(now[i].weight);
    inboxes_[i].gone = false;
  }
  if (context_.averages_buffers())
    edge_changes::carry_or(heard_.last, x.in,
                           context_.parameters().buffers().read());
  return edges_changed(x);
}

bool swapping::visit_state(state_visitor& visitor) {
  visit_nested(visitor, "deadline", deadline_);
  visit_value(visitor, "swapping", swapping_);
  for (auto& x : inboxes_) {
    visitor.enter(fmt::format("from {}", x.from.id()));
    x.from.visit_state(visitor);
    visit_value(visitor, "newest", x.newest);
    visit_value(visitor, "gone", x.gone);
    visit_list(visitor, "arrivals", x.arrivals, {},
               [&](const std::string& index, arrival& y) {
                 context_.visit_as_sent(visitor, index + " stamp", y.stamp);
                 context_.visit_as_sent(visitor, index, y.content);
                 if (context_.averages_buffers())
                   context_.visit_as_sent(visitor, index + " buffers",
                                          y.buffers);
               });
    visitor.leave();
  }
  if (context_.averages_buffers())
    visit_value(visitor, "buffers", heard_.last);
  return true;
}

caf::behavior swapping::handlers_with(const caf::message_handler& own) {
  // CAF asks one after the other: the most frequent come first.
  return caf::message_handler{[this](const gradient_ready& x) {
    observe(x);
    take_gradient();
  }}
    .or_else(own)
    .or_else([this](start_training) { start(); },
             [this](deadline_tick) {
               if (deadline_.passed())
                 give_up_waiting();
             });
}

caf::behavior
swapping::handlers_for_parameters(std::vector<at::Tensor>& received) {
  return handlers_for<parameters>([this, &received](const parameters& x) {
    auto weights = context_.accept(x.stamp, x.weights);
    if (weights.defined())
      received.at(index_of(x.stamp.source)) = std::move(weights);
  });
}

size_t swapping::index_of(node_id in_neighbour) const {
  auto i = std::ranges::find(inboxes_, in_neighbour,
                             [](const inbox& x) { return x.from.id(); });
  return static_cast<size_t>(i - inboxes_.begin());
}

/// Takes account of a message of a neighbour and keeps it until its step.
void swapping::receive(const message_stamp& stamp, caf::message content,
                       tensor_payload buffers) {
  auto i = index_of(stamp.source);
  if (i == inboxes_.size()) {
    context_.fail(error_code::unknown_sender,
                  fmt::format("node {} received a message from node {}, which "
                              "is no neighbour of it",
                              context_.id(), stamp.source));
    return;
  }
  auto& x = inboxes_[i];
  if (!x.from.is_new(stamp))
    return;
  if (x.from.answered())
    context_.note(fmt::format("node {} hears from node {} again", context_.id(),
                              stamp.source));
  x.arrivals.push_back({stamp, std::move(content), std::move(buffers)});
  if (swapping_)
    proceed();
}

void swapping::start() {
  if (context_.averages_buffers())
    heard_.last.assign(inboxes_.size(), context_.parameters().buffers().read());
  begin();
  // Neighbours that start from elsewhere, or later, must know from where.
  if (order_ == swap_order::update_then_swap
      && (!context_.same_start() || context_.step() > 0))
    send_due(-1);
  context_.compute();
}

void swapping::take_gradient() {
  swapping_ = true;
  if (order_ == swap_order::swap_within_update) {
    prepare();
    send_due(context_.step());
  }
  proceed();
}

void swapping::proceed() {
  if (context_.swaps().wait
      && std::ranges::any_of(inboxes_,
                             [this](const inbox& x) { return missing(x); })) {
    if (!deadline_.armed())
      deadline_.arm();
    return;
  }
  finish();
}

void swapping::finish() {
  deadline_.disarm();
  swapping_ = false;
  if (context_.averages_buffers())
    heard_.fresh.assign(inboxes_.size(), false);
  for (auto& x : inboxes_)
    apply_arrivals(x);
  if (context_.averages_buffers())
    mix_buffers();
  auto step = context_.step();
  update();
  if (!context_.finish_step())
    return;
  if (order_ == swap_order::update_then_swap)
    send_due(step);
  context_.compute();
}

bool swapping::due(const inbox& x) const {
  auto step = context_.step();
  if (order_ == swap_order::update_then_swap)
    --step;
  if (step < 0)
    return !context_.same_start();
  return context_.swaps().schedule->due(step, x.from.id(), context_.id());
}

bool swapping::has_come(const inbox& x) const {
  return std::ranges::any_of(x.arrivals, [this](const arrival& y) {
    return y.stamp.step >= context_.step();
  });
}

bool swapping::missing(const inbox& x) const {
  return due(x) && !x.gone && !x.from.down() && !has_come(x);
}

void swapping::apply_arrivals(inbox& x) {
  // A partner may be ahead: in a synchronous run its next message waits for
  // the next step, so that results do not depend on who is faster.
  auto its_turn = [this](const arrival& y) {
    return !context_.swaps().wait || y.stamp.step <= context_.step();
  };
  std::ranges::stable_sort(x.arrivals, {},
                           [](const arrival& y) { return y.stamp.step; });
  auto end = std::ranges::find_if_not(x.arrivals, its_turn);
  for (auto i = x.arrivals.begin(); i != end; ++i) {
    if (i->stamp.step < x.newest && !needs_every_message())
      continue; // overtaken on its way
    x.newest = i->stamp.step;
    apply_(i->content);
    if (!i->buffers.empty())
      take_buffers(static_cast<size_t>(&x - inboxes_.data()), *i);
  }
  x.arrivals.erase(x.arrivals.begin(), end);
}

void swapping::take_buffers(size_t index, const arrival& x) {
  auto content = context_.accept(x.stamp, x.buffers,
                                 context_.parameters().layout().buffer_numel());
  if (!content.defined())
    return;
  heard_.last[index] = std::move(content);
  heard_.fresh[index] = true;
}

void swapping::mix_buffers() {
  auto& own = context_.parameters().buffers();
  auto next = own.target();
  average_buffers(own.read(), heard_, next);
  own.commit(std::move(next));
}

tensor_payload swapping::buffers_for(size_t) {
  return to_payload(context_.parameters().buffers().read());
}

void swapping::average_buffers(const at::Tensor& own,
                               const heard_buffers& heard,
                               const at::Tensor& next) {
  average_fresh(own, heard.last, heard.fresh, mixing_, next);
}

void swapping::send_due(int64_t step) {
  const auto& targets = context_.out_neighbours();
  const auto& schedule = *context_.swaps().schedule;
  for (size_t i = 0; i < targets.size(); ++i)
    if (step < 0 || schedule.due(step, context_.id(), targets[i]))
      send_to(i);
}

void swapping::give_up_waiting() {
  const auto& plan = context_.swaps();
  for (auto& x : inboxes_) {
    if (!missing(x))
      continue;
    if (plan.missed_max == 0) {
      context_.fail(
        error_code::deadline_passed,
        fmt::format("node {} has waited {:.3f} s for the message of step {} "
                    "from node {}, longer than swaps.timeout ({})",
                    context_.id(),
                    to_seconds(context_.now() - deadline_.since()),
                    context_.step(), x.from.id(), to_text(plan.timeout)));
      return;
    }
    context_.count_missed(x.from.id());
    if (x.from.missed(plan.missed_max))
      context_.note(fmt::format("node {} waits for node {} no more: it missed "
                                "{} swaps in a row",
                                context_.id(), x.from.id(), plan.missed_max));
  }
  finish();
}

// -- before a run -------------------------------------------------------------

round_cost swap_cost(const node_setting& node, double vectors) {
  const auto& schedule = *node.swaps->schedule;
  round_cost result;
  result.steps = schedule.round();
  for (int64_t step = 0; step < result.steps; ++step)
    for (auto to : node.out_neighbours)
      if (schedule.due(step, node.id, to))
        ++result.messages;
  result.vectors = result.messages * vectors;
  return result;
}

void require_every_step(const node_setting& node, std::string_view protocol) {
  if (node.swaps->schedule->round() != 1 || node.swaps->schedule->one_peer())
    throw input_error(fmt::format("{} needs the messages of all neighbours in "
                                  "every step: swaps.kind = \"every_step\"",
                                  protocol));
}

void require_undirected(const node_setting& node, std::string_view protocol) {
  if (node.directed)
    throw input_error(fmt::format(
      "{} exchanges messages both ways over every edge, but the edges of this "
      "topology lead one way",
      protocol));
}

} // namespace caps
