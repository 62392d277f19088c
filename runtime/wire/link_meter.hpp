#pragma once

#include "messages/run_control.hpp"
#include "runtime/wire/latency_histogram.hpp"

#include <map>
#include <mutex>
#include <utility>

namespace caps {

/// Counts what passes over a link, by the edges between nodes; what is said
/// beside them is not counted. Any thread may call.
class link_meter {
public:
  /// A message was handed to the link.
  void take(node_id from, node_id to, size_t bytes);

  /// It has gone as a whole.
  void send(node_id from, node_id to);

  /// A newer one has taken its place.
  void replace(node_id from, node_id to, size_t bytes);

  /// A message has come, so long after it was handed to the link.
  void receive(node_id from, node_id to, int64_t nanoseconds);

  /// Adds what was counted so far.
  void add_to(link_report& result) const;

private:
  using edge = std::pair<node_id, node_id>;

  mutable std::mutex mutex_;
  std::map<edge, sent_on_edge> sent_;
  std::map<edge, latency_histogram> latency_;
};

} // namespace caps
