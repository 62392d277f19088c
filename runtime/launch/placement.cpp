#include "runtime/launch/placement.hpp"

#include <utility>

namespace caps {

placement::placement(std::vector<uint32_t> process_of_node, size_t processes)
  : process_of_node_(std::move(process_of_node)), nodes_(processes) {
  for (size_t i = 0; i < process_of_node_.size(); ++i)
    nodes_.at(process_of_node_[i]).push_back(static_cast<node_id>(i));
}

placement placement::evenly(node_id nodes, size_t processes) {
  std::vector<uint32_t> result(static_cast<size_t>(nodes));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = static_cast<uint32_t>(i % processes);
  return {std::move(result), processes};
}

bool placement::lives_in(node_id node, size_t process) const noexcept {
  return has(node)
         && process_of_node_[static_cast<size_t>(node)] == process;
}

} // namespace caps
