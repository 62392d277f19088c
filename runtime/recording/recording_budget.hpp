#pragma once

#include "actors/observation/event_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <map>

namespace caps {

/// Decides which snapshots a recording keeps, so that it stays within a number
/// of bytes: events and everything else are always kept. Each time a quarter of
/// what was left is used up, only every second epoch of those before is kept
/// from there on: each part of a long run is longer than the one before.
///
/// What it decides depends on nothing but what it was told, in that order.
class recording_budget {
public:
  /// Of the whole file, and updates that a node makes between two snapshots
  /// that are kept, at least.
  recording_budget(size_t bytes, int64_t steps_between)
    : bytes_(bytes), room_(bytes), steps_between_(steps_between) {}

  /// So many bytes are used by now.
  void use(size_t bytes);

  /// Whether to keep the vectors of a node, of so many bytes, and counts them
  /// as left out if not. `round` numbers the epochs at which nodes offer any.
  bool keeps_vectors(node_id node, int64_t step, int64_t round,
                     snapshot_reason reason, size_t bytes);

  /// The vectors of a node were kept.
  void kept_vectors(node_id node, int64_t step) { last_[node] = step; }

  /// Snapshots of nodes that were left out.
  int64_t vectors_left_out() const noexcept { return vectors_left_out_; }

private:
  size_t bytes_;
  /// What is used, and what was left when `every_` was doubled last.
  size_t used_ = 0;
  size_t room_;
  int64_t every_ = 1;
  int64_t steps_between_;
  /// Step of the last snapshot that was kept, by node.
  std::map<node_id, int64_t> last_;
  int64_t vectors_left_out_ = 0;
};

} // namespace caps
