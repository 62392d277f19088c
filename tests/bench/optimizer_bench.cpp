// Optimizer steps on the parameter lists of ResNet-18 and LeNet-5, one thread.
// Both sides keep a momentum and decay weights, the usual way to train.

#include "tests/bench/benchmarks.hpp"
#include "tests/bench/layouts.hpp"
#include "tests/bench/torch_sgd.hpp"

#include "models/optim/adam.hpp"
#include "models/optim/lars.hpp"
#include "models/optim/sgd.hpp"

#include <ATen/ops/full.h>

#include <benchmark/benchmark.h>

namespace caps::bench {

namespace {

constexpr double learning_rate = 1e-4;
constexpr double momentum = 0.9;
constexpr double weight_decay = 5e-4;

using layout_ptr = std::shared_ptr<const parameter_layout>;

std::shared_ptr<optimizer> make_sgd(const layout_ptr& layout) {
  return std::make_shared<sgd>(sgd_options{.learning_rate = learning_rate,
                                           .momentum = momentum,
                                           .weight_decay = weight_decay},
                               *layout);
}

std::shared_ptr<optimizer> make_lars(const layout_ptr& layout) {
  return std::make_shared<lars>(lars_options{.learning_rate = learning_rate,
                                             .momentum = momentum,
                                             .weight_decay = weight_decay},
                                layout);
}

std::shared_ptr<optimizer> make_adam(const layout_ptr& layout) {
  return std::make_shared<adam>(
    adam_options{.learning_rate = learning_rate, .weight_decay = weight_decay},
    *layout);
}

using maker = std::shared_ptr<optimizer> (*)(const layout_ptr&);

/// One step in place, as a node does whose weights nobody else holds.
std::function<void()> step_in_place(const layout_ptr& layout, maker make) {
  auto weights = at::full({layout->numel()}, 0.5, at::kFloat);
  auto gradient = at::full({layout->numel()}, 1e-3, at::kFloat);
  return
    [=, subject = make(layout)] { subject->step(weights, gradient, weights); };
}

/// One step into another buffer, as a node does whose weights were sent.
std::function<void()> step_elsewhere(const layout_ptr& layout, maker make) {
  auto weights = at::full({layout->numel()}, 0.5, at::kFloat);
  auto gradient = at::full({layout->numel()}, 1e-3, at::kFloat);
  auto next = at::full({layout->numel()}, 0.5, at::kFloat);
  return
    [=, subject = make(layout)] { subject->step(weights, gradient, next); };
}

template <class Prepare>
void measure(benchmark::State& state, Prepare prepare) {
  auto work = prepare();
  for (auto _ : state)
    work();
}

void register_net(const std::string& net) {
  auto layout = layout_of(net);
  auto add = [&](const std::string& name, auto prepare) {
    benchmark::RegisterBenchmark(
      (name + "/" + net).c_str(),
      [prepare](benchmark::State& state) { measure(state, prepare); })
      ->Unit(benchmark::kMicrosecond);
  };
  add("torch::optim::SGD", [=] {
    return torch_sgd_step(*layout, learning_rate, momentum, weight_decay);
  });
  add("sgd", [=] { return step_in_place(layout, make_sgd); });
  add("sgd, other buffer", [=] { return step_elsewhere(layout, make_sgd); });
  add("lars", [=] { return step_in_place(layout, make_lars); });
  add("adam", [=] { return step_in_place(layout, make_adam); });
}

} // namespace

void register_optimizer_benchmarks() {
  register_net("resnet18");
  register_net("lenet5");
}

std::vector<ratio> optimizer_ratios() {
  std::vector<ratio> result;
  for (std::string net : {"resnet18", "lenet5"}) {
    auto layout = layout_of(net);
    auto against_torch = [=](auto step) {
      return [=]() -> contest {
        return {step(layout, make_sgd),
                torch_sgd_step(*layout, learning_rate, momentum, weight_decay)};
      };
    };
    result.push_back({.name = "SGD step, " + net,
                      .yardstick = "torch::optim::SGD",
                      .how = reading::times_faster,
                      .goal = 1.5,
                      .prepare = against_torch(step_in_place)});
    result.push_back({.name = "SGD step, other buffer, " + net,
                      .yardstick = "torch::optim::SGD",
                      .how = reading::times_faster,
                      .prepare = against_torch(step_elsewhere)});
  }
  for (std::string net : {"resnet18", "lenet5"}) {
    auto layout = layout_of(net);
    result.push_back({.name = "LARS step, " + net,
                      .yardstick = "SGD step",
                      .how = reading::times_the_cost,
                      .goal = net == "resnet18" ? 1.4 : 0,
                      .prepare = [=]() -> contest {
                        return {step_in_place(layout, make_lars),
                                step_in_place(layout, make_sgd)};
                      }});
  }
  return result;
}

} // namespace caps::bench
