#include "runtime/run/run_estimate.hpp"

#include "models/evaluation.hpp"
#include "models/gradient.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace caps {

namespace {

/// What was measured of runs that this program made.
constexpr double seconds_an_event = 20e-6;
constexpr double seconds_a_byte_sent = 1e-9;
constexpr double vectors_a_node = 7;
constexpr double memory_a_node = 100e3;
constexpr double recorded_bytes_an_event = 250;
/// Of a whole run: what nodes keep of the size of their parameters.
constexpr double vectors_a_state = 3;
/// Of what it holds, in a snapshot that is packed.
constexpr double packed_share = 0.9;

/// Longest time to measure, unless one gradient takes longer.
constexpr std::chrono::milliseconds measuring_time{100};

/// Seconds of one call of `f`, which is called once before.
template <class F>
double seconds_of(F f) {
  using clock = std::chrono::steady_clock;
  auto start = clock::now();
  f();
  auto seconds = [](clock::duration x) {
    return std::chrono::duration<double>{x}.count();
  };
  auto first = clock::now() - start;
  if (first > measuring_time)
    return seconds(first);
  int64_t calls = 0;
  start = clock::now();
  while (clock::now() - start < measuring_time) {
    f();
    ++calls;
  }
  return seconds(clock::now() - start) / static_cast<double>(calls);
}

std::vector<int64_t> first_samples(const shards& all, int64_t batch) {
  auto largest = std::ranges::max_element(
    all, {}, [](const auto& xs) { return xs.size(); });
  std::vector<int64_t> result{largest->begin(), largest->end()};
  if (batch > 0 && batch < std::ssize(result))
    result.resize(static_cast<size_t>(batch));
  return result;
}

/// Seconds of a gradient and of the evaluation of one sample, on one thread.
struct step_times {
  double gradient = 0;
  double evaluated_sample = 0;
};

step_times measure_step(const run_plan& plan) {
  const auto& e = *plan.environment;
  step_times result;
  const auto& layout = plan.model->layout();
  auto generator = at::detail::createCPUGenerator();
  gradient_tensors tensors{at::zeros({layout.numel()}, e.options),
                           at::zeros({layout.numel()}, e.options),
                           at::zeros({layout.buffer_numel()}, e.options)};
  initialize(layout, e.start, generator, tensors.weights, tensors.buffers);
  auto dtype = c10::typeMetaToScalarType(e.options.dtype());
  auto indices = first_samples(plan.shard_of_node, plan.content.batch);
  random_stream stream{e.seed};
  result.gradient = seconds_of([&] {
    auto data = plan.data.train->gather(indices, dtype, e.change, &stream);
    data.input = data.input.to(e.options.device());
    data.target = data.target.to(e.options.device());
    compute_gradient(*plan.model, tensors, data, generator);
  });
  const auto& tested = plan.data.test ? *plan.data.test : *plan.data.train;
  std::vector<int64_t> chunk(static_cast<size_t>(
    std::min(plan.content.evaluation_chunk, tested.size())));
  std::iota(chunk.begin(), chunk.end(), 0);
  result.evaluated_sample = seconds_of([&] {
                              evaluate_chunk(*plan.model, tensors.weights,
                                             tensors.buffers, tested, chunk);
                            })
                            / static_cast<double>(chunk.size());
  return result;
}

/// Samples that all evaluations of a run look at.
double evaluated_samples(const run_plan& plan) {
  const auto& x = plan.content;
  auto test = plan.data.test ? plan.data.test->size() : 0;
  if (x.test_length > 0)
    test = std::min(test, x.test_length);
  auto measured = plan.environment->servers.empty() ? x.nodes : 1;
  auto models = measured + (x.evaluation_mean_model ? 1 : 0);
  auto epochs = (x.epochs + x.evaluation_every - 1) / x.evaluation_every;
  return static_cast<double>(epochs * models)
         * static_cast<double>(test + std::ssize(plan.validation));
}

double steps_of_all(const run_plan& plan) {
  return static_cast<double>(steps_a_node(plan) * plan.content.nodes);
}

double recording_bytes(const run_plan& plan, const traffic& sent) {
  const auto& x = plan.content;
  if (x.recording == "off")
    return 0;
  auto metrics = 1e3 * static_cast<double>(x.epochs * x.nodes);
  if (x.recording == "metrics")
    return metrics;
  auto events = recorded_bytes_an_event * (steps_of_all(plan) + sent.messages);
  auto payloads = x.recording == "payloads" ? packed_share * sent.bytes : 0;
  // The first snapshot, of parameters that are equal, takes next to nothing;
  // there is one at the end.
  auto every = x.recording_snapshots;
  auto epochs = every > 0 ? x.epochs / every : 0;
  auto steps = steps_a_node(plan) / std::max<int64_t>(1, x.recording_steps);
  auto rounds
    = static_cast<double>(std::max<int64_t>(1, std::min(epochs, steps)));
  auto snapshot = packed_share * weights_bytes(plan);
  auto state = vectors_a_state * snapshot;
  auto states = x.clock == "virtual"
                  ? std::min(rounds, std::floor(sent.bytes / 20 / state))
                  : 0;
  auto budget = static_cast<double>(x.recording_budget);
  return metrics + events + payloads
         + std::min(rounds * snapshot + states * state, budget);
}

} // namespace

namespace {

double bytes_of(const run_plan& plan, int64_t numel) {
  return static_cast<double>(numel)
         * static_cast<double>(plan.environment->options.dtype().itemsize());
}

} // namespace

double vector_bytes(const run_plan& plan) {
  return bytes_of(plan, plan.model->layout().numel());
}

double weights_bytes(const run_plan& plan) {
  return static_cast<double>(plan.nodes.size()) * vector_bytes(plan);
}

int64_t steps_a_node(const run_plan& plan) {
  return plan.environment->epochs * plan.environment->steps_per_epoch;
}

traffic traffic_of(const run_plan& plan) {
  auto added = plan.environment->averages_buffers
                 ? bytes_of(plan, plan.model->layout().buffer_numel())
                 : 0;
  traffic result;
  for (const auto& node : plan.nodes) {
    auto cost
      = plan.content.protocol.recipe()->cost(setting_of(plan, node, 0));
    result.messages_a_round += cost.messages;
    result.bytes_a_round
      += cost.vectors * vector_bytes(plan) + cost.messages * added;
    result.steps_a_round = cost.steps;
  }
  auto rounds = static_cast<double>(steps_a_node(plan))
                / static_cast<double>(result.steps_a_round);
  result.messages = rounds * result.messages_a_round;
  result.bytes = rounds * result.bytes_a_round;
  return result;
}

run_estimate estimate_run(const run_plan& plan, size_t threads,
                          size_t processes, double process_bytes) {
  auto sent = traffic_of(plan);
  auto times = measure_step(plan);
  auto nodes = static_cast<double>(plan.nodes.size());
  run_estimate result;
  result.recording_bytes = recording_bytes(plan, sent);
  result.memory_bytes = process_bytes * static_cast<double>(processes)
                        + vectors_a_node * weights_bytes(plan)
                        + memory_a_node * nodes;
  auto cores = static_cast<double>(std::max<size_t>(1, threads));
  result.wall_seconds
    = (steps_of_all(plan) * times.gradient
       + evaluated_samples(plan) * times.evaluated_sample)
        / cores
      + seconds_an_event * (steps_of_all(plan) + sent.messages)
      + seconds_a_byte_sent * sent.bytes;
  if (plan.content.clock == "real") {
    const auto& compute = plan.content.compute;
    auto delay = std::chrono::duration<double>{compute.delay}.count();
    result.wall_seconds += static_cast<double>(steps_a_node(plan)) * delay;
  }
  return result;
}

} // namespace caps
