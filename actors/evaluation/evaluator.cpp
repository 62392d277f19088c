#include "actors/evaluation/evaluator.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/node/sent_state.hpp"
#include "actors/observation/row_state.hpp"
#include "models/consensus/distance.hpp"
#include "models/evaluation.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>

namespace caps {

namespace {

std::optional<double> unless_nan(double x) {
  return std::isnan(x) ? std::nullopt : std::optional{x};
}

double seconds(int64_t nanoseconds) {
  return to_seconds(std::chrono::nanoseconds{nanoseconds});
}

/// What a snapshot says of its node by itself.
metrics_row row_of(const node_snapshot& x) {
  metrics_row row;
  row.node = x.stamp.source;
  row.epoch = x.epoch;
  row.step = x.stamp.step;
  row.time = seconds(x.time);
  row.train.loss = unless_nan(x.train_loss);
  row.train.accuracy = unless_nan(x.train_accuracy);
  row.learning_rate = unless_nan(x.learning_rate);
  row.bytes_sent = x.bytes_sent;
  row.messages_sent = x.messages_sent;
  row.crashed = x.crashed;
  return row;
}

/// One vector of each node on one device: what was kept in a file comes back
/// in host memory.
template <class Record>
std::vector<at::Tensor> tensors(const std::map<node_id, Record>& nodes,
                                tensor_payload Record::*which,
                                c10::Device device) {
  std::vector<at::Tensor> result;
  result.reserve(nodes.size());
  for (const auto& [id, x] : nodes)
    result.push_back(to_tensor(x.*which).to(device));
  return result;
}

/// What is known of the way from a node to another.
const edge_record* record_of(const std::vector<edge_record>& edges,
                             node_id peer) {
  auto i = std::ranges::find(edges, peer, &edge_record::peer);
  return i == edges.end() ? nullptr : &*i;
}

/// The last parts of the parameters belong together, whatever epoch each
/// server is in when a run is stopped.
constexpr auto last_parts = std::numeric_limits<int64_t>::max();

} // namespace

void evaluator_state::take(node_snapshot x) {
  complete(x);
  if (config.servers.empty())
    take_peer(x);
  else
    take_served(x);
}

metrics_row evaluator_state::measured(const node_snapshot& x) const {
  auto row = row_of(x);
  auto weights = to_tensor(x.weights).to(config.options.device());
  auto buffers = to_tensor(x.buffers).to(config.options.device());
  row.validation = measure(config.validation, weights, buffers);
  row.test = measure(config.test, weights, buffers);
  return row;
}

quality evaluator_state::measure(const sample_set& samples,
                                 const at::Tensor& weights,
                                 const at::Tensor& buffers) const {
  if (samples.indices.empty())
    return {};
  auto chunks = evaluation_chunks(samples.indices, config.chunk);
  std::vector<evaluation_sum> sums(chunks.size());
  std::vector<compute_pool::ticket> tickets;
  for (size_t i = 0; i < chunks.size(); ++i)
    tickets.push_back(config.pool->submit([&, i] {
      sums[i] = evaluate_chunk(*config.model, weights, buffers, *samples.data,
                               chunks[i]);
    }));
  // All jobs refer to this frame: nothing may throw before the last has ended.
  std::exception_ptr failure;
  for (const auto& ticket : tickets) {
    try {
      config.pool->wait(ticket);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (failure)
    std::rethrow_exception(failure);
  auto result = to_evaluation(combine(sums), samples.data->shape());
  return {result.loss, result.accuracy};
}

// -- with parameter servers ---------------------------------------------------

void evaluator_state::take_served(const node_snapshot& x) {
  accounts[x.stamp.source] = x.edges;
  auto first = config.servers.front().server;
  if (x.stamp.source >= first && !x.crashed)
    take_part(x);
  if (x.stamp.source != first || x.crashed)
    report_served(x, row_of(x));
}

void evaluator_state::take_part(const node_snapshot& x) {
  auto epoch = x.final ? last_parts : x.epoch;
  auto& known = parts[epoch];
  known[x.stamp.source] = x;
  if (known.size() < config.servers.size())
    return;
  auto whole = known.begin()->second;
  if (known.size() > 1) {
    std::vector<at::Tensor> pieces;
    for (const auto& [server, part] : known)
      pieces.push_back(to_tensor(part.weights));
    whole.weights = to_payload(at::cat(pieces));
  }
  parts.erase(epoch);
  config.observer->on_snapshot(whole);
  auto row = measured(whole);
  if (config.mean_model)
    row.mean_model_accuracy = row.test.accuracy;
  report_served(whole, row);
}

void evaluator_state::report_served(const node_snapshot& x, metrics_row row) {
  row.consensus_distance = 0; // there is one parameter vector
  config.observer->on_row(row);
  for (const auto& edge : x.edges) {
    if (edge.messages_sent == 0)
      continue;
    auto back = record_of(accounts[edge.peer], x.stamp.source);
    config.observer->on_edge({x.epoch, x.stamp.source, edge.peer, std::nullopt,
                              edge.bytes_sent, edge.messages_sent,
                              back != nullptr ? back->missed : 0});
  }
}

// -- between peers ------------------------------------------------------------

void evaluator_state::take_peer(const node_snapshot& x) {
  auto id = x.stamp.source;
  auto row = x.crashed ? row_of(x) : measured(x);
  if (x.epoch <= closed_epoch) { // the others have been compared without it
    config.observer->on_row(row);
  } else {
    auto& record = open[x.epoch];
    record.rows[id] = row;
    record.edges[id] = x.edges;
    if (!x.crashed)
      record.parameters[id] = {x.weights, x.buffers};
  }
  if (x.final) {
    auto& last = ended[id] = {x.epoch, std::nullopt, x.edges};
    // Whoever left is not what it was.
    if (!x.crashed && !away.contains(id))
      last.last = {x.weights, x.buffers};
  }
  if (!x.crashed)
    config.observer->on_snapshot(x);
  count(x);
  close_complete_epochs();
  if (x.final)
    close_complete_rounds();
}

void evaluator_state::close_complete_epochs() {
  // Nodes go through epochs in their order.
  while (!open.empty()) {
    auto& [epoch, record] = *open.begin();
    if (!living_at.empty() && living_at.begin()->first < epoch)
      return;
    close(epoch, record);
    closed_epoch = epoch;
    open.erase(open.begin());
  }
}

void evaluator_state::close(int64_t epoch, epoch_record& record) {
  auto nodes = record.parameters;
  for (const auto& [id, x] : ended)
    if (x.epoch < epoch && x.last)
      nodes.emplace(id, *x.last);
  std::optional<double> apart, mean_accuracy;
  if (!nodes.empty()) {
    auto weights = tensors(nodes, &vectors::weights, config.options.device());
    auto mean = mean_of(weights);
    apart = consensus_distance(weights, mean);
    if (config.mean_model)
      mean_accuracy = measure_mean(nodes, record, mean);
  }
  for (auto& [id, row] : record.rows) {
    row.consensus_distance = apart;
    row.mean_model_accuracy = mean_accuracy;
    config.observer->on_row(row);
  }
  report_edges(record, nodes);
}

std::optional<double>
evaluator_state::measure_mean(const std::map<node_id, vectors>& nodes,
                              const epoch_record& record,
                              const at::Tensor& weights) const {
  if (config.test.indices.empty() || config.test.data->shape().classes == 0)
    return std::nullopt; // there is no accuracy
  auto only = record.rows.find(nodes.begin()->first);
  if (nodes.size() == 1 && only != record.rows.end())
    return only->second.test.accuracy;
  auto buffers
    = mean_of(tensors(nodes, &vectors::buffers, config.options.device()));
  auto type = config.options.dtype();
  return measure(config.test, weights.to(type), buffers.to(type)).accuracy;
}

void evaluator_state::report_edges(const epoch_record& record,
                                   const std::map<node_id, vectors>& nodes) {
  auto device = config.options.device();
  auto account_of = [&](node_id id) -> const std::vector<edge_record>* {
    if (auto i = record.edges.find(id); i != record.edges.end())
      return &i->second;
    auto i = ended.find(id);
    return i != ended.end() ? &i->second.edges : nullptr;
  };
  for (const auto& [from, edges] : record.edges) {
    auto own = nodes.find(from);
    for (const auto& edge : edges) {
      if (edge.messages_sent == 0)
        continue;
      edge_row row;
      row.epoch = record.rows.at(from).epoch;
      row.from = from;
      row.to = edge.peer;
      auto other = nodes.find(edge.peer);
      if (own != nodes.end() && other != nodes.end())
        row.distance
          = distance(to_tensor(own->second.weights).to(device),
                     to_tensor(other->second.weights).to(device));
      row.bytes_sent = edge.bytes_sent;
      row.messages_sent = edge.messages_sent;
      // What was late on this edge, the receiver knows.
      auto account = account_of(edge.peer);
      auto back = account != nullptr ? record_of(*account, from) : nullptr;
      row.missed = back != nullptr ? back->missed : 0;
      config.observer->on_edge(row);
    }
  }
}

void evaluator_state::take(const node_report& x) {
  if (x.stamp.step <= closed_round)
    return;
  auto& record = rounds[x.stamp.step];
  record.time = std::max(record.time, x.time);
  record.nodes[x.stamp.source] = {x.weights, {}};
  close_complete_rounds();
}

void evaluator_state::close_complete_rounds() {
  while (!rounds.empty()) {
    auto& [step, record] = *rounds.begin();
    auto nodes = record.nodes;
    auto missing = static_cast<size_t>(config.nodes) - nodes.size();
    // Those that have ended before they got here stay as they were.
    if (missing > 0 && missing <= ended.size() + away.size()) {
      for (const auto& [id, x] : ended) {
        missing -= record.nodes.count(id) == 0 ? 1 : 0;
        if (x.last)
          nodes.emplace(id, *x.last);
      }
      for (auto id : away)
        missing -= record.nodes.count(id) == 0 ? 1 : 0;
    }
    if (missing > 0)
      return;
    auto apart = consensus_distance(
      tensors(nodes, &vectors::weights, config.options.device()));
    config.observer->on_round({step, seconds(record.time), apart});
    closed_round = step;
    rounds.erase(rounds.begin());
  }
}

// -- the end, and what waits for it -------------------------------------------

void evaluator_state::flush() {
  // Some have ended without a word.
  for (auto& [epoch, record] : open)
    close(epoch, record);
  open.clear();
  // Parts that do not make up the parameters still tell of their servers.
  for (auto& [epoch, known] : parts) {
    const auto& x = known.begin()->second;
    if (x.stamp.source == config.servers.front().server)
      report_served(x, row_of(x));
  }
  parts.clear();
}

void evaluator_state::visit_state(state_visitor& visitor,
                                  caf::actor_system& system) {
  auto sent = [&](const char* what, auto& x) {
    visit_as_sent(system, visitor, what, x);
  };
  auto visit_vectors = [&](vectors& x) {
    sent("weights", x.weights);
    sent("buffers", x.buffers);
  };
  auto visit_edges = [&](std::vector<edge_record>& x) { sent("edges", x); };
  visit_map(visitor, "epochs", open, [&](epoch_record& x) {
    visit_map(visitor, "rows", x.rows,
              [&](metrics_row& row) { visit_value(visitor, "row", row); });
    visit_map(visitor, "parameters", x.parameters, visit_vectors);
    visit_map(visitor, "edges", x.edges, visit_edges);
  });
  visit_map(visitor, "rounds", rounds, [&](round_record& x) {
    visit_value(visitor, "time", x.time);
    visit_map(visitor, "nodes", x.nodes, visit_vectors);
  });
  visit_map(visitor, "parts", parts, [&](std::map<node_id, node_snapshot>& x) {
    visit_map(visitor, "servers", x,
              [&](node_snapshot& part) { sent("part", part); });
  });
  visit_map(visitor, "ended", ended, [&](ended_node& x) {
    visit_value(visitor, "epoch", x.epoch);
    auto lives = x.last.has_value();
    visit_value(visitor, "lives", lives);
    if (lives && !x.last)
      x.last.emplace();
    if (lives)
      visit_vectors(*x.last);
    visit_edges(x.edges);
  });
  visit_value(visitor, "reported", reported);
  visit_value(visitor, "living_at", living_at);
  visit_value(visitor, "closed_epoch", closed_epoch);
  visit_value(visitor, "closed_round", closed_round);
  visit_map(visitor, "accounts", accounts, visit_edges);
}

evaluator_actor::behavior_type
evaluator(evaluator_actor::stateful_pointer<evaluator_state> self,
          evaluator_config config) {
  auto& st = self->state;
  st.config = std::move(config);
  st.living_at[0] = st.config.nodes;
  return {
    [self](const node_snapshot& x) { self->state.take(x); },
    [self](const node_report& x) { self->state.take(x); },
    [self](const node_away& x) { self->state.take(x); },
    [self](const node_back& x) { self->state.take(x); },
    [self](caf::flush_atom) -> caf::ok_atom {
      self->state.flush();
      return caf::ok_atom::value;
    },
  };
}

} // namespace caps
