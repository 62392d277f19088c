#pragma once

#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace caps {

/// How far a node is at some position.
struct node_progress {
  /// The last event that the node has handled; before `first`: none yet.
  int64_t sequence = 0;
  /// Its local updates (at a parameter server: versions) after that event.
  int64_t step = 0;
};

/// Where every node was at any position. Reads the events up to there once and
/// keeps what it saw at regular distances, so that a second question reads no
/// more than one such distance.
class node_index {
public:
  explicit node_index(recording_file& file);

  /// All nodes, as `recording_file::nodes` lists them, after event `position`.
  std::vector<node_progress> at(int64_t position);

  /// Reports, in order, every event after `from` up to `to` that finished a
  /// step of its node. Stops early when the function returns false.
  void steps_between(
    int64_t from, int64_t to,
    const std::function<bool(int64_t sequence, size_t node)>& report);

  /// The first position at which `reached` is true of all nodes, given that it
  /// stays true from there on; nothing if it never becomes true.
  std::optional<int64_t> first_where(
    const std::function<bool(const std::vector<node_progress>&)>& reached);

  /// The number of events between two kept positions.
  int64_t spacing() const noexcept { return spacing_; }

private:
  using state = std::vector<node_progress>;

  void read_up_to(int64_t position);
  size_t block_of(int64_t position) const;

  /// Calls `f(sequence, node, step before, step)` for events of nodes in
  /// (from, to], updating `nodes`; until it returns false.
  template <class F>
  void walk(state& nodes, int64_t from, int64_t to, F f);

  recording_file& file_;
  int64_t spacing_;
  std::map<int64_t, size_t> index_of_;
  /// Entry k: after event first - 1 + k * spacing.
  std::vector<state> kept_;
};

} // namespace caps
