// Compressors over a gradient as long as that of ResNet-18, one thread. Counted
// are the 4 bytes of every element and what is sent; the yardstick is memcpy
// of the gradient (4 bytes read, 4 written).

#include "tests/bench/benchmarks.hpp"
#include "tests/bench/layouts.hpp"
#include "tests/support/set_options.hpp"

#include "models/compression/compressor.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>

#include <benchmark/benchmark.h>

#include <cstring>

namespace caps::bench {

namespace {

struct method {
  std::string name;
  std::string compressor;
  test::option_values options;
};

std::vector<method> methods() {
  return {
    {"top_k 1 %", "top_k", {{"share", 0.01}}},
    {"top_k 10 %", "top_k", {{"share", 0.1}}},
    {"random_k 1 %", "random_k", {{"share", 0.01}}},
    {"half", "half", {}},
    {"quantize8", "quantize8", {}},
    {"quantize8, stochastic",
     "quantize8",
     {{"rounding", std::string{"stochastic"}}}},
  };
}

/// What one method works on.
struct workplace {
  std::unique_ptr<compressor> subject;
  random_stream stream{1};
  at::Tensor gradient;
  at::Tensor target;
  compressed_vector sent;

  explicit workplace(const method& x)
    : subject(test::configured(built_in_compressors(), x.compressor, x.options)
                ->make()),
      gradient(at::empty({layout_of("resnet18")->numel()}, at::kFloat)),
      target(at::zeros_like(gradient)) {
    auto element = gradient.data_ptr<float>();
    for (int64_t i = 0; i < gradient.numel(); ++i)
      element[i] = static_cast<float>(stream.normal());
    compress();
  }

  void compress() { sent = subject->compress(gradient, stream); }

  void decompress() { add_decompressed(sent, 0.5, target); }

  void copy() {
    std::memcpy(target.data_ptr(), gradient.data_ptr(), gradient.nbytes());
    benchmark::ClobberMemory();
  }
};

using step = void (workplace::*)();

void add_benchmark(const std::string& name, const method& how, step run) {
  benchmark::RegisterBenchmark((name + "/resnet18").c_str(),
                               [=](benchmark::State& state) {
                                 workplace place{how};
                                 for (auto _ : state)
                                   (place.*run)();
                                 state.counters["bytes sent"]
                                   = static_cast<double>(
                                     size_bytes(place.sent));
                               })
    ->Unit(benchmark::kMicrosecond);
}

/// A contest of one step against a copy of the gradient.
std::function<contest()> against_copy(const method& how, step run) {
  return [=]() -> contest {
    auto place = std::make_shared<workplace>(how);
    return {[=] { (*place.*run)(); }, [=] { place->copy(); }};
  };
}

} // namespace

void register_compression_benchmarks() {
  for (const auto& x : methods()) {
    add_benchmark(x.name, x, &workplace::compress);
    add_benchmark(x.name + ", adding", x, &workplace::decompress);
  }
}

std::vector<ratio> compression_ratios() {
  std::vector<ratio> result;
  for (const auto& x : methods()) {
    workplace place{x};
    auto bytes = static_cast<double>(place.gradient.nbytes());
    result.push_back(
      {.name = x.name + ", resnet18",
       .yardstick = "memcpy",
       .how = reading::share_of_memcpy,
       .subject_bytes = bytes + static_cast<double>(size_bytes(place.sent)),
       .yardstick_bytes = 2 * bytes,
       .prepare = against_copy(x, &workplace::compress)});
    // How much memory this touches depends on what was sent.
    result.push_back({.name = x.name + ", adding, resnet18",
                      .yardstick = "memcpy",
                      .how = reading::times_the_cost,
                      .prepare = against_copy(x, &workplace::decompress)});
  }
  return result;
}

} // namespace caps::bench
