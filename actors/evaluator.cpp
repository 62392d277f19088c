#include "actors/evaluator.hpp"

#include "actors/payload_tensor.hpp"
#include "models/consensus/distance.hpp"
#include "models/evaluation.hpp"

#include <cmath>
#include <exception>

namespace caps {

namespace {

std::optional<double> unless_nan(double x) {
  return std::isnan(x) ? std::nullopt : std::optional{x};
}

} // namespace

void evaluator_state::take(const node_snapshot& x) {
  auto weights = to_tensor(x.weights).to(config.options.device());
  auto buffers = to_tensor(x.buffers).to(config.options.device());
  metrics_row row;
  row.node = x.stamp.source;
  row.epoch = x.epoch;
  row.step = x.stamp.step;
  row.time = std::chrono::duration<double>(std::chrono::nanoseconds{x.time})
               .count();
  row.train.loss = unless_nan(x.train_loss);
  row.train.accuracy = unless_nan(x.train_accuracy);
  row.validation = measure(config.validation, weights, buffers);
  row.test = measure(config.test, weights, buffers);
  row.bytes_sent = x.bytes_sent;
  row.messages_sent = x.messages_sent;
  auto& record = open[x.epoch];
  record.rows[row.node] = row;
  record.weights[row.node] = x.weights;
  if (x.final)
    config.observer->on_final(x);
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
  std::vector<at::Tensor> all;
  for (const auto& [id, weights] : record.weights)
    all.push_back(to_tensor(weights));
  auto distance = consensus_distance(all);
  for (auto& [id, row] : record.rows) {
    row.consensus_distance = distance;
    config.observer->on_row(row);
  }
}

evaluator_actor::behavior_type
evaluator(evaluator_actor::stateful_pointer<evaluator_state> self,
          evaluator_config config) {
  self->state.config = std::move(config);
  return {
    [self](const node_snapshot& x) { self->state.take(x); },
    [self](caf::flush_atom) -> caf::ok_atom {
      for (auto& [epoch, record] : self->state.open)
        self->state.close(record);
      self->state.open.clear();
      return caf::ok_atom::value;
    },
  };
}

} // namespace caps
