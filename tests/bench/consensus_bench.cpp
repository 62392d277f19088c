// The update rules and CaPS change detection over ResNet-18, one thread, in
// bytes per second: every vector a rule must read or write once counts once
// per element. The yardstick is memcpy of one such vector, counted likewise
// (4 bytes read, 4 written).

#include "tests/bench/benchmarks.hpp"
#include "tests/bench/layouts.hpp"

#include "models/consensus/averaging.hpp"
#include "models/consensus/c_admm.hpp"
#include "models/consensus/change_detection.hpp"
#include "models/consensus/delay_compensation.hpp"
#include "models/consensus/gossip.hpp"
#include "models/consensus/isvr.hpp"
#include "models/consensus/pdmm_sgd.hpp"

#include <ATen/ops/full.h>

#include <benchmark/benchmark.h>

#include <cstring>

namespace caps::bench {

namespace {

/// A node with two neighbours, as in a ring.
constexpr int neighbours = 2;

/// All vectors any rule needs.
struct vectors {
  std::shared_ptr<const parameter_layout> layout = layout_of("resnet18");
  at::Tensor weights = fresh();
  at::Tensor gradient = fresh();
  at::Tensor multiplier = fresh();
  at::Tensor next = fresh();
  std::vector<at::Tensor> received;
  std::vector<at::Tensor> sent;
  std::vector<dual_edge> edges;
  std::vector<element_range> regions = change_regions(*layout);

  vectors() {
    for (int j = 0; j < neighbours; ++j) {
      received.push_back(fresh());
      sent.push_back(fresh());
      edges.push_back({.sign = j == 0 ? 1.0 : -1.0,
                       .received = fresh(),
                       .average = fresh(),
                       .parameters = received.back(),
                       .prepared = fresh()});
    }
  }

  at::Tensor fresh() const {
    return at::full({layout->numel()}, 0.5, at::kFloat);
  }
};

struct rule {
  std::string name;
  /// Vectors read plus vectors written.
  int streams;
  std::function<void(vectors&)> run;
};

std::vector<rule> rules() {
  constexpr int e = neighbours;
  return {
    {"D-SGD averaging", e + 2,
     [](vectors& x) { average_uniformly(x.weights, x.received, x.next); }},
    {"gossip", 2 * e + 2,
     [](vectors& x) { gossip(x.weights, x.received, x.sent, x.next); }},
    {"PDMM-SGD", 3 * e + 3,
     [](vectors& x) {
       pdmm_sgd({}, 0.01, *x.layout, x.weights, x.gradient, x.edges, x.next);
     }},
    {"ADMM-SGD", 5 * e + 3,
     [](vectors& x) {
       admm_sgd({}, 0.01, *x.layout, x.weights, x.gradient, x.edges, x.next);
     }},
    {"PDMM-ISVR", 2 * e + 3,
     [](vectors& x) {
       pdmm_isvr({}, 0.01, x.weights, x.gradient, x.edges, x.next);
     }},
    {"ADMM-ISVR", 4 * e + 3,
     [](vectors& x) {
       admm_isvr({}, 0.01, x.weights, x.gradient, x.edges, x.next);
     }},
    {"C-ADMM", e + 5,
     [](vectors& x) {
       c_admm({}, x.weights, x.gradient, x.received, x.multiplier, x.next);
     }},
    {"delay compensation", 4,
     [](vectors& x) {
       compensate_delay(x.gradient, x.weights, x.received[0], 2, x.next);
     }},
    {"CaPS detection, exact", 2,
     [](vectors& x) {
       benchmark::DoNotOptimize(
         unchanged_percent(x.weights, x.received[0], x.regions));
     }},
    {"CaPS detection, rounded", 2,
     [](vectors& x) {
       benchmark::DoNotOptimize(
         unchanged_percent(x.weights, x.received[0], x.regions, 4));
     }},
  };
}

double bytes_of(const vectors& x, int streams) {
  return static_cast<double>(x.layout->numel()) * 4 * streams;
}

} // namespace

void register_consensus_benchmarks() {
  for (const auto& x : rules())
    benchmark::RegisterBenchmark(
      (x.name + "/resnet18").c_str(),
      [x](benchmark::State& state) {
        vectors memory;
        for (auto _ : state)
          x.run(memory);
        state.SetBytesProcessed(
          static_cast<int64_t>(bytes_of(memory, x.streams)
                               * static_cast<double>(state.iterations())));
      })
      ->Unit(benchmark::kMicrosecond);
}

std::vector<ratio> consensus_ratios() {
  auto numel = static_cast<double>(layout_of("resnet18")->numel());
  std::vector<ratio> result;
  for (const auto& x : rules())
    result.push_back({.name = x.name + ", resnet18",
                      .yardstick = "memcpy",
                      .how = reading::share_of_memcpy,
                      .subject_bytes = numel * 4 * x.streams,
                      .yardstick_bytes = numel * 8,
                      .prepare = [x]() -> contest {
                        auto memory = std::make_shared<vectors>();
                        return {[=] { x.run(*memory); },
                                [=] {
                                  std::memcpy(memory->sent[0].data_ptr(),
                                              memory->weights.data_ptr(),
                                              memory->weights.nbytes());
                                  benchmark::ClobberMemory();
                                }};
                      }});
  return result;
}

} // namespace caps::bench
