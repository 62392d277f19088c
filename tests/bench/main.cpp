// caps_bench: Google Benchmark's own output, then a table of ratios whose two
// sides were measured in turns in this same run. Options of Google Benchmark
// apply to the first part; --ratios leaves it out, and --ratios=TEXT also all
// lines whose subject does not hold TEXT.

#include "tests/bench/benchmarks.hpp"

#include "models/memory.hpp"
#include "models/threads.hpp"

#include <benchmark/benchmark.h>

#include <optional>
#include <string_view>

namespace {

/// The TEXT of --ratios=TEXT, empty for --ratios.
std::optional<std::string_view> ratios_option(int argc, char** argv) {
  constexpr std::string_view name = "--ratios";
  if (argc != 2)
    return std::nullopt;
  std::string_view argument{argv[1]};
  if (argument == name)
    return std::string_view{};
  if (argument.starts_with(name) && argument[name.size()] == '=')
    return argument.substr(name.size() + 1);
  return std::nullopt;
}

} // namespace

int main(int argc, char** argv) {
  using namespace caps::bench;
  caps::keep_freed_memory();
  caps::pin_math_to_one_thread();
  auto wanted = ratios_option(argc, argv);
  if (!wanted) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
      return 2;
    register_optimizer_benchmarks();
    register_consensus_benchmarks();
    register_compression_benchmarks();
    register_run_benchmarks();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  }
  std::vector<ratio> ratios;
  for (auto part :
       {optimizer_ratios, consensus_ratios, compression_ratios, skipping_ratios,
        run_ratios, wire_ratios})
    for (auto& x : part())
      if (x.name.find(wanted.value_or("")) != std::string::npos)
        ratios.push_back(std::move(x));
  return print_ratios(ratios) ? 0 : 1;
}
