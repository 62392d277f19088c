#include "actors/protocols/parameter_serving.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "actors/protocols/reduction_metrics.hpp"
#include "models/consensus/averaging.hpp"
#include "models/norms.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/clone.h>
#include <ATen/ops/empty_like.h>

#include <caf/message_handler.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

double seconds(node_context::duration x) {
  return std::chrono::duration<double>(x).count();
}

/// Share of a batch whose class was predicted right.
template <class Batch>
double accuracy_of(const Batch& x) {
  return x.samples > 0
           ? static_cast<double>(x.correct) / static_cast<double>(x.samples)
           : 0;
}

} // namespace

// -- options ------------------------------------------------------------------

void serving_options::describe(option_visitor& visitor) {
  visitor.integer("servers", servers, {.min = 1, .max = 10'000},
                  "parameter servers that share the parameters in parts of "
                  "equal size; their ids follow those of the workers");
  visitor.integer("min_workers", min_workers, at_least(0),
                  "the run goes on without lost workers as long as that many "
                  "are left; 0: all must stay");
  reduction.describe(visitor);
  visitor.boolean("compress_pulls", reduce_pulls,
                  "what servers send is made smaller as well, not only what "
                  "workers send");
}

void check(const serving_options& options, const node_setting& node,
           std::string_view protocol) {
  if (node.role != node_role::parameter_server)
    return;
  auto workers = static_cast<int64_t>(node.in_neighbours.size());
  if (options.min_workers > workers)
    throw input_error(fmt::format("{}: min_workers is {}, but there are only "
                                  "{} workers",
                                  protocol, options.min_workers, workers));
  options.reduction.recipe().check();
  if (options.reduce_pulls && options.reduction.none())
    throw input_error(
      fmt::format("{}: compress_pulls needs a compressor", protocol));
}

round_cost serving_cost(const serving_options& options,
                        const node_setting& node) {
  round_cost result;
  result.messages = static_cast<double>(node.out_neighbours.size());
  // A worker sends each server a part of one gradient, a server each worker a
  // part of the parameters.
  result.vectors = result.messages / static_cast<double>(options.servers);
  return result;
}

// -- worker -------------------------------------------------------------------

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

std::vector<metric_value> gradient_worker::metrics() {
  std::vector<metric_value> result{
    {"waiting_seconds", "", 0, seconds(waited_)}};
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
  to.reduction->observe(pushed_->loss, accuracy_of(*pushed_));
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
  auto& weights = context_.parameters().weights();
  if (sources_.size() == 1) {
    weights.adopt(sources_.front().weights);
    return;
  }
  auto next = weights.target();
  for (auto& x : sources_)
    next.narrow(0, x.part.offset, x.part.numel).copy_(x.weights);
  weights.commit(std::move(next));
}

void gradient_worker::ask_again() {
  auto limit = context_.swaps().missed_max + 2;
  if (++silences_ < limit) {
    deadline_.arm();
    for (const auto& x : sources_)
      if (!x.answered) {
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
      "worker {} waits for the parameters of server {} since {:.3f} "
      "s and asked {} times, each time longer than swaps.timeout ({})",
      context_.id(), silent->server, seconds(since_), limit,
      to_text(context_.swaps().timeout)));
}

// -- server -------------------------------------------------------------------

parameter_server::parameter_server(node_context& context,
                                   const serving_options& options)
  : context_(context) {
  for (const auto& x : context.in_neighbours()) {
    auto& added = clients_.emplace_back(x.id);
    if (options.reduce_pulls)
      added.reduction = options.reduction.recipe().make(
        context.parameters().layout(), context.stream());
  }
  min_workers_ = options.min_workers > 0
                   ? options.min_workers
                   : static_cast<int64_t>(clients_.size());
}

caf::behavior parameter_server::behavior() {
  return {
    [this](start_training) { start(); },
    [this](const pull& x) { receive(x); },
    [this](const gradient& x) {
      receive(x, [&] { return context_.accept(x.stamp, x.values); });
    },
    [this](const compressed_gradient& x) {
      gradient rest{x.stamp, x.loss, x.correct, x.samples, {}, x.buffers};
      receive(rest, [&] { return decompressed(x.values); });
    },
    [this](const worker_lost& x) {
      if (auto gone = find(x.worker))
        lose(*gone, x.text, error_code::node_lost);
    },
    [this](deadline_tick) { look_for_the_lost(); },
  };
}

std::vector<waiting> parameter_server::waits() const {
  std::vector<waiting> result;
  for (const auto& x : clients_)
    if (x.owes_since && !x.lost)
      result.push_back({x.from.id(), "a gradient", *x.owes_since});
  return result;
}

std::vector<metric_value> parameter_server::metrics() {
  auto updates = static_cast<double>(context_.step());
  auto time = seconds(context_.now());
  std::vector<metric_value> result{{"server_version", "", 0, updates}};
  if (time > 0)
    result.push_back({"updates_per_second", "", 0, updates / time});
  if (last_gradient_.defined()) {
    flat_view gradient{last_gradient_};
    result.push_back(
      {"gradient_norm", "", 0, norm(gradient, {0, gradient.numel()})});
  }
  if (clients_.front().reduction) {
    reduction_record all;
    for (const auto& x : clients_)
      all += x.reduction->record();
    add_metrics(all, result);
  }
  return result;
}

bool parameter_server::visit_state(state_visitor& visitor) {
  visit_value(visitor, "over", over_);
  visit_value(visitor, "last_gradient", last_gradient_);
  for (auto& x : clients_) {
    visitor.enter(fmt::format("worker {}", x.from.id()));
    x.from.visit_state(visitor);
    visit_value(visitor, "lost", x.lost);
    visit_value(visitor, "done", x.done);
    visit_value(visitor, "owes_since", x.owes_since);
    visit_value(visitor, "newest_step", x.newest_step);
    visit_value(visitor, "buffers", x.buffers);
    if (x.reduction)
      visit_nested(visitor, "reduction", *x.reduction);
    visit_value(visitor, "sent", x.sent);
    visitor.leave();
  }
  return true;
}

void parameter_server::start() {
  // Workers owe their first sign of life.
  for (auto& x : clients_)
    x.owes_since = context_.now();
  context_.after(context_.swaps().timeout, deadline_tick{});
}

parameter_server::client* parameter_server::find(node_id worker) {
  auto i = std::ranges::find(clients_, worker,
                             [](const client& x) { return x.from.id(); });
  return i == clients_.end() ? nullptr : &*i;
}

/// The sender of a message, unless the message is a copy or nobody sent it.
parameter_server::client* parameter_server::hear(const message_stamp& stamp) {
  auto result = find(stamp.source);
  if (result == nullptr) {
    context_.fail(error_code::unknown_sender,
                  fmt::format("server {} received a message from node {}, "
                              "which is no worker",
                              context_.id(), stamp.source));
    return nullptr;
  }
  if (!result->from.is_new(stamp))
    return nullptr;
  if (std::exchange(result->lost, false))
    context_.note(fmt::format("server {} hears from worker {} again",
                              context_.id(), stamp.source));
  return result;
}

void parameter_server::receive(const pull& x) {
  auto from = hear(x.stamp);
  if (from == nullptr)
    return;
  from->newest_step = x.stamp.step - 1;
  from->done = false;
  answer(*from, true);
}

at::Tensor parameter_server::decompressed(const compressed_payload& x) {
  auto result = at::empty_like(context_.parameters().weights().read());
  decompress(to_compressed(x, result.numel(), result.scalar_type()), result);
  return result;
}

void parameter_server::receive(const gradient& x,
                               const std::function<at::Tensor()>& values) {
  auto from = hear(x.stamp);
  if (from == nullptr)
    return;
  if (x.stamp.step <= from->newest_step) {
    // Sent again: either the answer was lost, or it will come in time.
    if (from->owes_since || from->done)
      answer(*from, true);
    return;
  }
  auto content = values();
  if (!content.defined())
    return;
  if (from->reduction)
    from->reduction->observe(x.loss, accuracy_of(x));
  if (!x.buffers.empty())
    from->buffers = context_.accept(
      x.stamp, x.buffers, context_.parameters().layout().buffer_numel());
  from->newest_step = x.stamp.step;
  from->owes_since.reset();
  context_.count_gradient(x);
  take(*from, x, std::move(content));
}

void parameter_server::answer(client& to, bool all) {
  to.owes_since.reset();
  if (!to.done && !over_)
    to.owes_since = context_.now();
  auto version = over_ ? last_version : static_cast<uint64_t>(context_.step());
  const auto& weights = context_.parameters().weights().read();
  if (to.reduction && to.sent && !all) {
    auto content = to.reduction->reduce_parameters(weights, context_.stream());
    context_.send(to.from.id(),
                  partial_parameters{{}, *to.sent, to_payload(content)},
                  version);
  } else {
    if (to.reduction)
      to.reduction->start(weights);
    context_.send(to.from.id(), parameters{{}, context_.lend_weights()},
                  version);
  }
  to.sent = version;
  answered(to);
}

at::Tensor parameter_server::as_known_to(const client& x) {
  return x.reduction ? at::clone(x.reduction->copy())
                     : context_.parameters().weights().read();
}

bool parameter_server::update(const at::Tensor& gradient, double rate_factor) {
  auto& weights = context_.parameters().weights();
  auto& how = context_.optimizer();
  auto rate = how.learning_rate();
  how.learning_rate(rate * rate_factor);
  auto next = weights.target();
  how.step(weights.read(), gradient, next);
  weights.commit(std::move(next));
  how.learning_rate(rate);
  last_gradient_ = gradient;
  mix_buffers();
  if (context_.finish_step())
    return true;
  tell_that_it_is_over();
  return false;
}

void parameter_server::finish() {
  context_.finish();
  tell_that_it_is_over();
}

/// Even those that are busy with an old version, or were thought lost.
void parameter_server::tell_that_it_is_over() {
  over_ = true;
  for (auto& x : clients_)
    if (!x.done)
      answer(x);
}

/// Statistics of normalization layers belong to no gradient: the servers' are
/// the mean of the workers' newest.
void parameter_server::mix_buffers() {
  std::vector<at::Tensor> known;
  for (const auto& x : clients_)
    if (x.buffers.defined())
      known.push_back(x.buffers);
  if (known.empty())
    return;
  auto& own = context_.parameters().buffers();
  auto next = own.target();
  average_uniformly(known.front(), std::span{known}.subspan(1), next);
  own.commit(std::move(next));
}

void parameter_server::look_for_the_lost() {
  auto limit = context_.swaps().timeout;
  auto now = context_.now();
  auto wake = now + limit;
  for (auto& x : clients_) {
    if (!x.owes_since || x.lost)
      continue;
    if (*x.owes_since + limit > now) {
      wake = std::min(wake, *x.owes_since + limit);
      continue;
    }
    lose(x,
         fmt::format("no gradient of it since {:.3f} s, longer than "
                     "swaps.timeout ({})",
                     seconds(*x.owes_since), to_text(limit)),
         error_code::deadline_passed);
  }
  context_.after(wake - now, deadline_tick{});
}

void parameter_server::lose(client& x, const std::string& why,
                            error_code code) {
  if (x.lost || x.done || over_)
    return;
  x.lost = true;
  auto left = std::ranges::count(clients_, false, &client::lost);
  if (left < min_workers_) {
    context_.fail(code,
                  fmt::format("server {} cannot go on at version {} without "
                              "worker {} ({}): {} of {} workers are left, "
                              "protocol.min_workers is {}",
                              context_.id(), context_.step(), x.from.id(), why,
                              left, clients_.size(), min_workers_));
    return;
  }
  context_.note(fmt::format("server {} goes on without worker {}: {}",
                            context_.id(), x.from.id(), why));
  go_on_without(x);
}

} // namespace caps
