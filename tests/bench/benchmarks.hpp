#pragma once

#include "tests/bench/ratio.hpp"

namespace caps::bench {

// Each part of the program brings benchmarks for Google Benchmark to run, and
// lines for the table of ratios.

void register_optimizer_benchmarks();
std::vector<ratio> optimizer_ratios();

void register_consensus_benchmarks();
std::vector<ratio> consensus_ratios();

void register_compression_benchmarks();
std::vector<ratio> compression_ratios();

/// Ratios alone: the time by itself says little.
std::vector<ratio> skipping_ratios();

void register_run_benchmarks();
std::vector<ratio> run_ratios();

std::vector<ratio> wire_ratios();

} // namespace caps::bench
