// caps_bench: Google Benchmark's own output, then a table of ratios whose two
// sides were measured in turns in this same run. Options of Google Benchmark
// apply to the first part; --ratios_only leaves it out.

#include "tests/bench/benchmarks.hpp"

#include "models/threads.hpp"

#include <benchmark/benchmark.h>

#include <string_view>

int main(int argc, char** argv) {
  caps::pin_math_to_one_thread();
  auto ratios_only = argc == 2 && std::string_view{argv[1]} == "--ratios_only";
  if (!ratios_only) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
      return 2;
    caps::bench::register_optimizer_benchmarks();
    caps::bench::register_consensus_benchmarks();
    caps::bench::register_compression_benchmarks();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  }
  auto ratios = caps::bench::optimizer_ratios();
  for (auto& x : caps::bench::consensus_ratios())
    ratios.push_back(std::move(x));
  for (auto& x : caps::bench::compression_ratios())
    ratios.push_back(std::move(x));
  return caps::bench::print_ratios(ratios) ? 0 : 1;
}
