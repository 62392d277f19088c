#pragma once

#include "messages/fwd.hpp"
#include "models/random_stream.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace caps {

/// What can befall nodes and edges.
enum class fault_kind : uint8_t {
  /// A node is gone for good.
  crash,
  /// A node crashes and comes back without anything.
  restart,
  /// A node does nothing for a time.
  pause,
  /// A node ends, and says so.
  leave,
  /// A node takes part from then on.
  join,
  /// No message gets from some nodes to the others, or over one edge.
  partition,
  /// All partitions end.
  heal,
};

/// As a scenario writes it.
std::string_view to_string(fault_kind kind);

/// One fault, or many of a kind.
struct fault {
  using duration = std::chrono::nanoseconds;

  fault_kind kind = fault_kind::crash;
  /// The nodes it befalls, all at a time; with `gap` those of whom it befalls
  /// one. Of a partition, one side.
  std::vector<node_id> nodes;
  /// Of a partition of one edge, its ends.
  std::optional<std::pair<node_id, node_id>> edge;
  /// Since training started; with `gap`, from when on.
  duration at{0};
  /// How long it lasts; nothing: for ever.
  std::optional<duration> lasts;
  /// Mean time between two of many, which come as a Poisson process.
  std::optional<duration> gap;
};

/// When which fault comes. Faults that come at random follow from the seed.
class fault_schedule {
public:
  using duration = fault::duration;

  fault_schedule(std::vector<fault> faults, uint64_t seed);

  /// When the next one comes; nothing for never.
  std::optional<duration> next() const;

  /// The next one, as a single fault; @pre there is one.
  fault take();

private:
  /// Many of a kind.
  struct process {
    fault what;
    random_stream stream;
  };

  void draw(size_t number, duration after);

  /// By time, and at one time in the order of the scenario.
  std::multimap<duration, fault> due_;
  /// The next of many, by time: their numbers.
  std::multimap<duration, size_t> drawn_;
  std::vector<process> processes_;
};

} // namespace caps
