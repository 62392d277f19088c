#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// What faults of a storm can befall.
struct storm_ground {
  /// Nodes that are no parameter servers: 0 to nodes - 1.
  int64_t nodes = 0;
  std::vector<std::pair<int64_t, int64_t>> edges;
  /// How long the run takes without faults, on its clock.
  std::chrono::nanoseconds duration{0};
};

/// One to six faults at random, each as a scenario writes it: an inline table
/// of TOML. The same seed draws the same ones. Half of the nodes at most are
/// gone for good; every partition ends.
std::vector<std::string> draw_faults(const storm_ground& ground, uint64_t seed);

} // namespace caps
