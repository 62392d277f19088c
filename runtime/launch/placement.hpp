#pragma once

#include "messages/fwd.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caps {

/// Which process each node of a run lives in.
class placement {
public:
  /// @param process_of_node a process below `processes` for each node
  placement(std::vector<uint32_t> process_of_node, size_t processes);

  /// Deals the nodes out in turn.
  static placement evenly(node_id nodes, size_t processes);

  size_t processes() const noexcept { return nodes_.size(); }

  const std::vector<uint32_t>& processes_of_nodes() const noexcept {
    return process_of_node_;
  }

  /// @pre `node` is one of the run
  size_t process_of(node_id node) const {
    return process_of_node_.at(static_cast<size_t>(node));
  }

  /// Whether there is such a node.
  bool has(node_id node) const noexcept {
    return node >= 0 && static_cast<size_t>(node) < process_of_node_.size();
  }

  /// Whether there is such a node, and it lives in this process.
  bool lives_in(node_id node, size_t process) const noexcept;

  /// By ascending id.
  const std::vector<node_id>& nodes_of(size_t process) const {
    return nodes_.at(process);
  }

private:
  std::vector<uint32_t> process_of_node_;
  std::vector<std::vector<node_id>> nodes_;
};

} // namespace caps
