#include "actors/protocols/gradient_worker.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "actors/protocols/reduction_metrics.hpp"
#include "models/gradient.hpp"
#include "models/state_values.hpp"
#include "models/vector_parts.hpp"

#include <ATen/ops/clone.h>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

gradient_worker::gradient_worker(node_context& context,
                                 const serving_options& options)
  : context_(context), deadline_(context, context.swaps().timeout) {
  const auto& layout = context.parameters().layout();
  for (const auto& x : context.servers())
    sources_.push_back(
      {x.server,
       x.part,
       {},
       {},
       false,
       options.reduction.recipe().make(
         part_of(layout, x.part.offset, x.part.numel), context.stream())});
}

caf::behavior gradient_worker::behavior() {
  return {
    [this](start_training) { begin_wait(); },
    [this](const gradient_ready& x) { take_gradient(x); },
    [this](const parameters& x) {
      take(x.stamp, [&](const source& from) {
        return context_.accept(x.stamp, x.weights, from.part.numel);
      });
    },
    [this](const partial_parameters& x) {
      take(x.stamp, [&](const source& from) { return updated(from, x); });
    },
    [this](deadline_tick) {
      if (deadline_.passed())
        ask_again();
    },
  };
}

std::vector<waiting> gradient_worker::waits() const {
  std::vector<waiting> result;
  if (waiting_)
    for (const auto& x : sources_)
      if (!x.answered)
        result.push_back({x.server, "parameters", since_});
  return result;
}

/// Servers are always the same; what went to one that could not be reached, and
/// its answer, are lost.
bool gradient_worker::neighbours_changed(const edge_changes& x) {
  if (!waiting_)
    return true;
  silences_ = 0;
  for (size_t i = 0; i < x.in.size(); ++i) {
    auto server = std::ranges::find(sources_, context_.in_neighbours()[i].id,
                                    &source::server);
    if (!x.in[i] && server != sources_.end() && !server->answered)
      ask(*server);
  }
  return true;
}

bool gradient_worker::reaches(node_id server) const {
  return has_neighbour(context_.in_neighbours(), server);
}

std::vector<metric_value> gradient_worker::metrics() {
  std::vector<metric_value> result{
    {"waiting_seconds", "", 0, to_seconds(waited_)}};
  if (sources_.front().reduction) {
    reduction_record all;
    for (const auto& x : sources_)
      all += x.reduction->record();
    add_metrics(all, result);
  }
  return result;
}

static void visit_value(state_visitor& visitor, std::string_view name,
                        gradient_ready& x) {
  visitor.enter(name);
  visit_value(visitor, "loss", x.loss);
  visit_value(visitor, "correct", x.correct);
  visit_value(visitor, "samples", x.samples);
  visitor.leave();
}

bool gradient_worker::visit_state(state_visitor& visitor) {
  visit_nested(visitor, "deadline", deadline_);
  for (auto& x : sources_) {
    visitor.enter(fmt::format("server {}", x.server));
    visit_value(visitor, "version", x.version);
    visit_value(visitor, "weights", x.weights);
    visit_value(visitor, "answered", x.answered);
    if (x.reduction) {
      visit_nested(visitor, "reduction", *x.reduction);
      context_.visit_as_sent(visitor, "reduced", x.reduced);
    }
    visitor.leave();
  }
  visit_value(visitor, "pushed", pushed_);
  visit_value(visitor, "waiting", waiting_);
  visit_value(visitor, "since", since_);
  visit_value(visitor, "silences", silences_);
  visit_value(visitor, "waited", waited_);
  return true;
}

void gradient_worker::begin_wait() {
  waiting_ = true;
  since_ = context_.now();
  silences_ = 0;
  deadline_.arm();
  for (auto& x : sources_) {
    x.answered = false;
    ask(x);
  }
}

void gradient_worker::ask(const source& from) {
  if (!pushed_) {
    context_.send(from.server, pull{});
    return;
  }
  if (from.reduction) {
    compressed_gradient content;
    content.values = from.reduced;
    push(from, std::move(content));
    return;
  }
  const auto& all = context_.parameters().gradient().read();
  auto values = all.narrow(0, from.part.offset, from.part.numel);
  gradient content;
  content.values = to_payload(values);
  push(from, std::move(content));
}

/// Sends a gradient that holds its values to its server.
template <class Gradient>
void gradient_worker::push(const source& to, Gradient content) {
  content.loss = pushed_->loss;
  content.correct = pushed_->correct;
  content.samples = pushed_->samples;
  const auto& buffers = context_.parameters().buffers().read();
  if (to.part.offset == 0 && buffers.numel() > 0)
    content.buffers = to_payload(buffers);
  context_.send(to.server, std::move(content), to.version);
}

/// Leaves out of a new gradient what need not be sent.
void gradient_worker::reduce(source& to) {
  auto part_of = [&](const flat_buffer& x) {
    return x.read().narrow(0, to.part.offset, to.part.numel);
  };
  auto values = part_of(context_.parameters().gradient());
  auto weights = part_of(context_.parameters().weights());
  to.reduction->observe(pushed_->loss,
                        accuracy(pushed_->correct, pushed_->samples));
  to.reduced = to_payload(to.reduction->reduce_gradient(
    {values, weights, context_.optimizer().learning_rate()},
    context_.stream()));
}

void gradient_worker::take_gradient(const gradient_ready& x) {
  pushed_ = x;
  for (auto& server : sources_)
    if (server.reduction)
      reduce(server);
  begin_wait();
}

void gradient_worker::take(
  const message_stamp& stamp,
  const std::function<at::Tensor(const source&)>& weights) {
  auto from = std::ranges::find(sources_, stamp.source, &source::server);
  if (from == sources_.end()) {
    context_.fail(error_code::unknown_sender,
                  fmt::format("worker {} received parameters from node {}, "
                              "which is no server",
                              context_.id(), stamp.source));
    return;
  }
  // Only a newer version answers a gradient: the server has dealt with it.
  if (from->version && stamp.version <= *from->version) {
    silences_ = 0;
    return;
  }
  if (!waiting_) {
    // It answers a question that was asked twice, or nothing that was asked.
    if (stamp.version == last_version)
      context_.finish();
    return;
  }
  auto next = weights(*from);
  if (!next.defined())
    return;
  from->version = stamp.version;
  from->weights = std::move(next);
  from->answered = true;
  if (std::ranges::all_of(sources_, &source::answered))
    proceed();
}

/// This worker's copy of the server's parameters, brought up to date. A part
/// of parameters that are not known here is no answer: the server sends all of
/// them when it is asked again.
at::Tensor gradient_worker::updated(const source& from,
                                    const partial_parameters& x) {
  if (x.stamp.version == last_version)
    return from.weights;
  if (from.version != x.base)
    return {};
  auto next = at::clone(from.weights);
  bring_up_to_date(to_compressed(x.content, next.numel(), next.scalar_type()),
                   next);
  return next;
}

void gradient_worker::proceed() {
  waiting_ = false;
  deadline_.disarm();
  waited_ += context_.now() - since_;
  assemble();
  if (pushed_ && !context_.finish_step())
    return;
  auto is_over = std::ranges::any_of(
    sources_, [](const source& x) { return x.version == last_version; });
  if (is_over)
    context_.finish();
  else
    context_.compute();
}

void gradient_worker::assemble() {
  std::vector<vector_part> parts;
  for (const auto& x : sources_)
    parts.push_back({x.part, x.weights});
  caps::assemble(parts, context_.parameters().weights());
}

void gradient_worker::ask_again() {
  auto limit = context_.swaps().missed_max + 2;
  auto all_reached = std::ranges::all_of(
    sources_, [this](const source& x) { return reaches(x.server); });
  if (!all_reached || ++silences_ < limit) {
    deadline_.arm();
    for (const auto& x : sources_)
      if (!x.answered && reaches(x.server)) {
        context_.count_missed(x.server);
        ask(x);
      }
    return;
  }
  waiting_ = false;
  // Whoever answered nothing but the end has ended.
  if (pushed_ && context_.step() + 1 == context_.steps_total()) {
    static_cast<void>(context_.finish_step());
    return;
  }
  auto silent = std::ranges::find(sources_, false, &source::answered);
  context_.fail(
    error_code::deadline_passed,
    fmt::format(
      "worker {} has waited {:.3f} s for the parameters of server {} and asked "
      "{} times, each time longer than swaps.timeout ({})",
      context_.id(), to_seconds(context_.now() - since_), silent->server,
      limit, to_text(context_.swaps().timeout)));
}

} // namespace caps
