#pragma once

#include "messages/fwd.hpp"
#include "models/options.hpp"
#include "models/registry.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace caps {

/// Which edges carry a message after which local step. A swap of an
/// undirected edge goes both ways after the same step. The same everywhere in
/// a run, so both ends of an edge know when the other one sends.
class swap_schedule {
public:
  virtual ~swap_schedule() = default;

  /// Whether `from` sends to `to`, one of its out-neighbours, after local step
  /// `step` (0 is the first). Thread-safe.
  virtual bool due(int64_t step, node_id from, node_id to) const = 0;

  /// Steps of one round.
  virtual int64_t round() const = 0;

  /// Whether a node talks to another single partner in every step, so that
  /// an average is over the partner and the node itself only.
  virtual bool one_peer() const { return false; }
};

/// The edges a schedule is made for: out-neighbours of each node, ascending.
struct swap_graph {
  const std::vector<std::vector<int64_t>>& out;
  bool directed = false;
  uint64_t seed = 0;
};

using swap_schedule_recipe
  = recipe<std::shared_ptr<const swap_schedule>, const swap_graph&>;

/// The built-in schedules.
registry<swap_schedule_recipe> built_in_swap_schedules();

/// How nodes exchange messages: when, and what happens when one is late.
struct swap_plan {
  std::shared_ptr<const swap_schedule> schedule;
  /// Synchronous: a node waits for the messages that are due to it. Otherwise
  /// nobody waits, and a node works with what it received last.
  bool wait = true;
  /// Longest wait for the partners of one swap.
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};
  /// Swaps in a row a partner may miss before nobody waits for it any more;
  /// 0: the first missed swap ends the run.
  int64_t missed_max = 3;
};

} // namespace caps
