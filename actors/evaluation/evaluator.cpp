#include "actors/evaluation/evaluator.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/node/sent_state.hpp"
#include "actors/observation/row_state.hpp"
#include "models/consensus/distance.hpp"
#include "models/evaluation.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/cat.h>

#include <cmath>
#include <exception>

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
  row.bytes_sent = x.bytes_sent;
  row.messages_sent = x.messages_sent;
  return row;
}

/// On one device: what was kept in a file comes back in host memory.
std::vector<at::Tensor>
tensors(const std::map<node_id, tensor_payload>& payloads, c10::Device device) {
  std::vector<at::Tensor> result;
  for (const auto& [id, x] : payloads)
    result.push_back(to_tensor(x).to(device));
  return result;
}

} // namespace

void evaluator_state::take(const node_snapshot& x) {
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

void evaluator_state::take_served(const node_snapshot& x) {
  auto first = config.servers.front().server;
  if (x.stamp.source >= first)
    take_part(x);
  if (x.stamp.source != first)
    config.observer->on_row(row_of(x));
}

void evaluator_state::take_part(const node_snapshot& x) {
  auto& known = parts[x.epoch];
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
  parts.erase(x.epoch);
  config.observer->on_snapshot(whole);
  config.observer->on_row(measured(whole));
}

void evaluator_state::take_peer(const node_snapshot& x) {
  auto row = measured(x);
  auto& record = open[x.epoch];
  record.rows[row.node] = row;
  record.weights[row.node] = x.weights;
  record.edges[row.node] = x.edges;
  config.observer->on_snapshot(x);
  if (record.rows.size() == static_cast<size_t>(config.nodes)) {
    close(record);
    open.erase(x.epoch);
  }
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

void evaluator_state::close(epoch_record& record) {
  auto apart
    = consensus_distance(tensors(record.weights, config.options.device()));
  for (auto& [id, row] : record.rows) {
    row.consensus_distance = apart;
    config.observer->on_row(row);
  }
  report_edges(record);
}

void evaluator_state::report_edges(const epoch_record& record) {
  for (const auto& [from, edges] : record.edges) {
    for (const auto& edge : edges) {
      auto other = record.weights.find(edge.peer);
      if (edge.messages_sent == 0 || other == record.weights.end())
        continue;
      edge_row row;
      row.epoch = record.rows.at(from).epoch;
      row.from = from;
      row.to = edge.peer;
      auto device = config.options.device();
      row.distance = distance(to_tensor(record.weights.at(from)).to(device),
                              to_tensor(other->second).to(device));
      row.bytes_sent = edge.bytes_sent;
      row.messages_sent = edge.messages_sent;
      // What was late on this edge, the receiver knows.
      for (const auto& back : record.edges.at(edge.peer))
        if (back.peer == from)
          row.missed = back.missed;
      config.observer->on_edge(row);
    }
  }
}

void evaluator_state::take(const node_report& x) {
  auto& record = rounds[x.stamp.step];
  record.time = std::max(record.time, x.time);
  record.weights[x.stamp.source] = x.weights;
  if (record.weights.size() < static_cast<size_t>(config.nodes))
    return;
  auto apart
    = consensus_distance(tensors(record.weights, config.options.device()));
  config.observer->on_round({x.stamp.step, seconds(record.time), apart});
  rounds.erase(x.stamp.step);
}

void evaluator_state::visit_state(state_visitor& visitor,
                                  caf::actor_system& system) {
  auto sent = [&](const char* what, auto& x) {
    visit_as_sent(system, visitor, what, x);
  };
  visit_map(visitor, "epochs", open, [&](epoch_record& x) {
    visit_map(visitor, "rows", x.rows,
              [&](metrics_row& row) { visit_value(visitor, "row", row); });
    visit_map(visitor, "weights", x.weights,
              [&](tensor_payload& weights) { sent("weights", weights); });
    visit_map(visitor, "edges", x.edges,
              [&](std::vector<edge_record>& edges) { sent("edges", edges); });
  });
  visit_map(visitor, "rounds", rounds, [&](round_record& x) {
    visit_value(visitor, "time", x.time);
    visit_map(visitor, "weights", x.weights,
              [&](tensor_payload& weights) { sent("weights", weights); });
  });
  visit_map(visitor, "parts", parts, [&](std::map<node_id, node_snapshot>& x) {
    visit_map(visitor, "servers", x,
              [&](node_snapshot& part) { sent("part", part); });
  });
}

evaluator_actor::behavior_type
evaluator(evaluator_actor::stateful_pointer<evaluator_state> self,
          evaluator_config config) {
  self->state.config = std::move(config);
  return {
    [self](const node_snapshot& x) { self->state.take(x); },
    [self](const node_report& x) { self->state.take(x); },
    [self](caf::flush_atom) -> caf::ok_atom {
      for (auto& [epoch, record] : self->state.open)
        self->state.close(record);
      self->state.open.clear();
      return caf::ok_atom::value;
    },
  };
}

} // namespace caps
