#pragma once

#include "messages/run_control.hpp"

#include <map>
#include <optional>
#include <utility>

namespace caps {

/// What is known of an edge between two processes: its two ends tell of it.
struct edge_traffic {
  std::optional<sent_on_edge> sent;
  std::optional<received_on_edge> received;
};

/// The newest that is known of each edge between processes.
class link_table {
public:
  void take(const link_report& x) {
    for (const auto& y : x.sent)
      all_[{y.from, y.to}].sent = y;
    for (const auto& y : x.received)
      all_[{y.from, y.to}].received = y;
  }

  /// Nothing is known of edges within a process.
  edge_traffic of(node_id from, node_id to) const {
    auto i = all_.find({from, to});
    return i == all_.end() ? edge_traffic{} : i->second;
  }

  /// By from and to.
  const auto& all() const noexcept { return all_; }

private:
  std::map<std::pair<node_id, node_id>, edge_traffic> all_;
};

} // namespace caps
