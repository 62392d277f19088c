#pragma once

#include "messages/types.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace caps {

/// Says whom a run on the real clock waits for when nothing was heard for a
/// while. Who lives may take all the time that it needs, so this ends no run.
class wait_notice {
public:
  using clock = std::chrono::steady_clock;

  /// Silence before the first notice; each further one takes twice as long.
  static constexpr auto first_after = std::chrono::seconds{30};

  /// Expects `nodes` nodes to finish.
  explicit wait_notice(node_id nodes, clock::time_point now = clock::now());

  /// Something came of the run.
  void hear(clock::time_point now);

  /// A node has made `step` steps.
  void hear(node_id node, int64_t step, clock::time_point now);

  /// A node will make no more steps.
  void finish(node_id node, clock::time_point now);

  /// One line if it is time for one.
  std::optional<std::string> take(clock::time_point now);

private:
  /// Steps of the nodes that have not finished.
  std::map<node_id, int64_t> steps_;
  clock::time_point heard_;
  clock::duration patience_ = first_after;
};

} // namespace caps
