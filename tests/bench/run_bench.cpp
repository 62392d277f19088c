// Whole runs on the virtual clock: ring3 against a plain LibTorch loop, and
// the events alone.

#include "tests/bench/benchmarks.hpp"
#include "tests/bench/null_compute.hpp"
#include "tests/bench/torch_ring.hpp"

#include "runtime/run/plan.hpp"
#include "runtime/run/run.hpp"
#include "runtime/scenario/reader.hpp"

#include <benchmark/benchmark.h>

#include <fmt/format.h>

namespace caps::bench {

namespace {

/// Steps of a node in one unit of work.
constexpr int64_t batches = 40;

/// scenarios/ring3.toml with fewer steps and next to no evaluation. The data is
/// made up: its values do not matter for the time.
const std::string ring3 = fmt::format(R"(
seed = 1
[nodes]
count = 3
[topology]
kind = "ring"
[data]
name = "synthetic"
train = 30000
test = 1
train_length = {}
[model]
name = "lenet5"
[training]
batch = 32
[optimizer]
lr = 0.01
momentum = 0.9
[protocol]
name = "dsgd"
)",
                                      32 * batches);

std::shared_ptr<run_plan> plan_of(const std::string& text) {
  static const auto known = built_in_components();
  return std::make_shared<run_plan>(
    make_plan(parse_scenario(text, "bench.toml", {}, known)));
}

std::function<void()> ring3_run(size_t threads) {
  return [plan = plan_of(ring3), threads] {
    run_observer nobody;
    run_settings settings;
    settings.threads = threads;
    auto end = run_virtual(*plan, settings, nobody);
    if (end.code != exit_code::success)
      throw error(end.text);
  };
}

/// Peers that swap parameters of 16 elements and compute nothing.
std::string ring_of(int64_t nodes, int64_t steps) {
  return fmt::format(R"(
[nodes]
count = {}
[topology]
kind = "ring"
[data]
name = "least_squares"
rows = {}
test_rows = 1
[model]
name = "least_squares"
[training]
epochs = {}
batch = 1
[optimizer]
lr = 0.01
[evaluation]
every = {}
[protocol]
name = "dsgd"
)",
                     nodes, nodes, steps, steps);
}

void measure_events(benchmark::State& state) {
  auto nodes = state.range(0);
  auto plan = plan_of(ring_of(nodes, 200'000 / nodes));
  int64_t events = 0;
  for (auto _ : state)
    events += run_events(*plan);
  state.SetItemsProcessed(events);
}

} // namespace

void register_run_benchmarks() {
  benchmark::RegisterBenchmark("events of the virtual clock", measure_events)
    ->Arg(10)
    ->Arg(100)
    ->Arg(1000)
    ->Unit(benchmark::kMillisecond);
}

std::vector<ratio> run_ratios() {
  std::vector<ratio> result;
  for (int threads : {1, 2})
    result.push_back({.name = fmt::format("ring3, {} thread{}", threads,
                                          threads == 1 ? "" : "s"),
                      .yardstick = "LibTorch loop",
                      .how = reading::times_faster,
                      .goal = 0.9,
                      .prepare = [=]() -> contest {
                        return {ring3_run(static_cast<size_t>(threads)),
                                torch_ring(batches, threads)};
                      }});
  result.push_back({.name = "ring3, 2 threads",
                    .yardstick = "1 thread",
                    .how = reading::times_faster,
                    .goal = 1.6,
                    .prepare = []() -> contest {
                      return {ring3_run(2), ring3_run(1)};
                    }});
  return result;
}

} // namespace caps::bench
