#include "runtime/wire/link_meter.hpp"

namespace caps {

namespace {

bool is_edge(node_id from, node_id to) {
  return from > no_node && to > no_node;
}

} // namespace

void link_meter::take(node_id from, node_id to, size_t bytes) {
  if (!is_edge(from, to))
    return;
  std::lock_guard lock{mutex_};
  auto& x = sent_[{from, to}];
  x.from = from;
  x.to = to;
  x.bytes += bytes;
  ++x.messages;
  ++x.waiting;
}

void link_meter::send(node_id from, node_id to) {
  if (!is_edge(from, to))
    return;
  std::lock_guard lock{mutex_};
  --sent_[{from, to}].waiting;
}

void link_meter::replace(node_id from, node_id to, size_t bytes) {
  if (!is_edge(from, to))
    return;
  std::lock_guard lock{mutex_};
  auto& x = sent_[{from, to}];
  x.bytes -= bytes;
  --x.messages;
  --x.waiting;
  ++x.replaced;
}

void link_meter::receive(node_id from, node_id to, int64_t nanoseconds) {
  if (!is_edge(from, to))
    return;
  std::lock_guard lock{mutex_};
  latency_[{from, to}].add(nanoseconds);
}

void link_meter::add_to(link_report& result) const {
  std::lock_guard lock{mutex_};
  for (const auto& [ends, x] : sent_)
    result.sent.push_back(x);
  for (const auto& [ends, x] : latency_)
    result.received.push_back({ends.first, ends.second,
                               x.quantile(0.5).value_or(0),
                               x.quantile(0.99).value_or(0)});
}

} // namespace caps
