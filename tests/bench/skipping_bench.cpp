// What CaPS costs: deciding which parts to send, beside computing a gradient.
// One thread, batches of 32 as the published runs have them.

#include "tests/bench/benchmarks.hpp"
#include "tests/support/set_options.hpp"

#include "models/compression/reducer.hpp"
#include "models/gradient.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <fmt/format.h>

namespace caps::bench {

namespace {

constexpr int64_t batch_size = 32;

/// The published program's detection takes 5 to 83 % of a step.
constexpr double goal = 0.02;

/// A net with a batch to compute gradients of, and what sends them.
struct worker_memory {
  std::shared_ptr<const net> model;
  at::Tensor weights, gradient, computed, buffers;
  at::Generator dropout = at::detail::createCPUGenerator(1);
  batch data;
  random_stream stream{1};
  std::unique_ptr<reducer> sender;

  worker_memory(const std::string& name, test::option_values options) {
    model = built_in_nets().at(name).recipe()->make(
      {.sample = {1, 28, 28}, .classes = 10});
    const auto& layout = model->layout();
    weights = at::full({layout.numel()}, 0.01, at::kFloat);
    gradient = at::full({layout.numel()}, 1e-6, at::kFloat);
    computed = at::empty_like(gradient);
    buffers = at::zeros({layout.buffer_numel()}, at::kFloat);
    data.input = at::full({batch_size, 1, 28, 28}, 0.5, at::kFloat);
    data.target = at::zeros({batch_size}, at::kLong);
    sender = test::configured(built_in_reducers(), "caps", std::move(options))
               ->make(layout, stream);
    sender->start(weights);
  }

  void compute() {
    compute_gradient(*model, {weights, computed, buffers}, data, dropout);
  }

  // Nothing is sent: what is measured is the decision.

  void skip_parameters() {
    static_cast<void>(sender->reduce_parameters(weights, stream));
  }

  /// Keeps account of what is not sent as well.
  void skip_gradient() {
    static_cast<void>(
      sender->reduce_gradient({gradient, weights, 1e-9}, stream));
  }
};

ratio detection(const std::string& net, const std::string& elements,
                const std::string& values = "full") {
  return {
    .name = fmt::format("CaPS detection, {}, {}, {}", elements, values, net),
    .yardstick = "gradient",
    .how = reading::times_the_cost,
    .goal = goal,
    .prepare = [=]() -> contest {
      auto memory = std::make_shared<worker_memory>(
        net, test::option_values{{"detection", elements}, {"values", values}});
      return {[=] { memory->skip_parameters(); }, [=] { memory->compute(); }};
    }};
}

ratio skipped_gradient(const std::string& net, int64_t block) {
  return {
    .name = block > 0
              ? fmt::format("CaPS, blocks of {} left out, {}", block, net)
              : "CaPS, gradient left out, " + net,
    .yardstick = "gradient",
    .how = reading::times_the_cost,
    .goal = goal,
    .prepare = [=]() -> contest {
      auto memory = std::make_shared<worker_memory>(
        net, test::option_values{{"block", block}});
      return {[=] { memory->skip_gradient(); }, [=] { memory->compute(); }};
    }};
}

} // namespace

std::vector<ratio> skipping_ratios() {
  return {detection("lenet5", "all"),       detection("lenet5", "random"),
          detection("lenet5", "history"),   detection("cnn1", "all"),
          detection("cnn1", "all", "half"), skipped_gradient("lenet5", 0),
          skipped_gradient("lenet5", 64),   skipped_gradient("cnn1", 0),
          skipped_gradient("cnn1", 64)};
}

} // namespace caps::bench
