// Whose results the evaluator waits for, and what it remembers for them.

#include "actors/evaluation/evaluator.hpp"

#include <algorithm>

namespace caps {

void evaluator_state::count(const node_snapshot& x) {
  auto& last = reported[x.stamp.source];
  if (away.erase(x.stamp.source) == 0 && --living_at[last] == 0)
    living_at.erase(last);
  last = x.epoch;
  if (!x.final)
    ++living_at[last];
}

void evaluator_state::complete(node_snapshot& x) {
  if (!config.remembers)
    return;
  if (auto i = forgotten.find(x.stamp.source); i != forgotten.end()) {
    x.bytes_sent += i->second.bytes;
    x.messages_sent += i->second.messages;
    for (const auto& before : i->second.edges) {
      auto edge = std::ranges::find(x.edges, before.peer, &edge_record::peer);
      if (edge == x.edges.end()) {
        x.edges.push_back(before);
        continue;
      }
      edge->bytes_sent += before.bytes_sent;
      edge->messages_sent += before.messages_sent;
      edge->missed += before.missed;
    }
    std::ranges::sort(x.edges, {}, &edge_record::peer);
  }
  last_sent[x.stamp.source] = {x.bytes_sent, x.messages_sent, x.edges};
}

void evaluator_state::take(const node_away& x) {
  if (x.forgets)
    forgotten[x.stamp.source] = last_sent[x.stamp.source];
  auto last = reported[x.stamp.source];
  if (!config.servers.empty() || !away.insert(x.stamp.source).second)
    return;
  if (--living_at[last] == 0)
    living_at.erase(last);
  close_complete_epochs();
  close_complete_rounds();
}

void evaluator_state::take(const node_back& x) {
  if (!config.servers.empty() || away.erase(x.stamp.source) == 0)
    return;
  reported[x.stamp.source] = x.epoch;
  ++living_at[x.epoch];
}

} // namespace caps
