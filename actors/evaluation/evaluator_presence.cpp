// Whose results the evaluator waits for.

#include "actors/evaluation/evaluator.hpp"

namespace caps {

void evaluator_state::count(const node_snapshot& x) {
  auto& last = reported[x.stamp.source];
  if (away.erase(x.stamp.source) == 0 && --living_at[last] == 0)
    living_at.erase(last);
  last = x.epoch;
  if (!x.final)
    ++living_at[last];
}

void evaluator_state::take(const node_away& x) {
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
