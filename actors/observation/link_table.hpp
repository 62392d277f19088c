#pragma once

#include "messages/run_control.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace caps {

/// What is known of an edge between two processes: its two ends tell of it.
struct edge_traffic {
  std::optional<sent_on_edge> sent;
  std::optional<received_on_edge> received;
};

/// The newest that is known of each edge between processes. Of one whose
/// process was started again all that it has sent counts, but for what it did
/// not tell of any more.
class link_table {
public:
  void take(const link_report& x) {
    for (const auto& y : x.sent) {
      auto& known = senders_[{y.from, y.to}];
      auto& sent = all_[{y.from, y.to}].sent;
      if (known.life != x.life)
        known = {x.life, sent.value_or(sent_on_edge{})};
      sent = y;
      sent->bytes += known.before.bytes;
      sent->messages += known.before.messages;
      sent->replaced += known.before.replaced;
    }
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
  using edge = std::pair<node_id, node_id>;

  /// The process that sends on an edge, and what those before it had sent.
  struct sender {
    uint32_t life = 0;
    sent_on_edge before;
  };

  std::map<edge, edge_traffic> all_;
  std::map<edge, sender> senders_;
};

} // namespace caps
