#include "actors/protocols/parameter_server.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "actors/protocols/reduction_metrics.hpp"
#include "models/consensus/averaging.hpp"
#include "models/gradient.hpp"
#include "models/norms.hpp"
#include "models/optim/update.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/clone.h>
#include <ATen/ops/empty_like.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace caps {

namespace {

/// Those too that do not take part yet, by id.
std::set<node_id> all_workers(const node_context& context) {
  std::set<node_id> result;
  for (node_id id = 0; id < context.nodes(); ++id)
    result.insert(id);
  for (const auto& x : context.servers())
    result.erase(x.server);
  return result;
}

} // namespace

parameter_server::parameter_server(node_context& context,
                                   const serving_options& options)
  : context_(context), all_must_stay_(options.min_workers == 0),
    min_workers_(options.min_workers) {
  for (auto id : all_workers(context)) {
    auto& added = clients_.emplace_back(id);
    // One that is to join later is heard for the first time then.
    added.lost = !has_neighbour(context.in_neighbours(), id);
    if (options.reduce_pulls)
      added.reduction = options.reduction.recipe().make(
        context.parameters().layout(), context.stream());
  }
  count_workers();
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
  auto time = to_seconds(context_.now());
  std::vector<metric_value> result{{"server_version", "", 0, updates}};
  if (time > 0)
    result.push_back({"updates_per_second", "", 0, updates / time});
  if (last_gradient_.defined()) {
    flat_view gradient{last_gradient_};
    result.push_back(
      {"gradient_norm", "", 0, norm(gradient, {0, gradient.numel()})});
  }
  for (const auto& x : clients_)
    if (x.lost)
      result.push_back({"lost", std::to_string(x.from.id()), 0, 1});
  if (clients_.front().reduction) {
    reduction_record all;
    for (const auto& x : clients_)
      all += x.reduction->record();
    add_metrics(all, result);
  }
  return result;
}

/// Its workers stay in their places, those who are gone as lost ones: whoever
/// comes back asks for parameters and is heard again.
bool parameter_server::neighbours_changed(const edge_changes&) {
  count_workers();
  for (auto& x : clients_)
    if (!has_neighbour(context_.in_neighbours(), x.from.id()))
      lose(x, "it takes no part any more", error_code::node_lost);
  return true;
}

/// Where all must stay, all who take part must.
void parameter_server::count_workers() {
  if (all_must_stay_)
    min_workers_ = static_cast<int64_t>(context_.in_neighbours().size());
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
    if (!x.lost)
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
    from->reduction->observe(x.loss, accuracy(x.correct, x.samples));
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
  auto& own = context_.parameters();
  caps::update(context_.optimizer(), own.weights(), gradient, rate_factor);
  last_gradient_ = gradient;
  // Statistics of normalization layers belong to no gradient: the server's are
  // the mean of the workers' newest.
  std::vector<at::Tensor> newest;
  for (const auto& x : clients_)
    newest.push_back(x.buffers);
  average_known(std::move(newest), own.buffers());
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
         fmt::format("no gradient of it for {:.3f} s, longer than "
                     "swaps.timeout ({})",
                     to_seconds(now - *x.owes_since), to_text(limit)),
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
