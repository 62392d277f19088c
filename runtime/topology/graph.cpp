#include "runtime/topology/graph.hpp"

#include "models/consensus/mixing.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

/// Inserts `x` into an ascending list unless it is there.
void insert(std::vector<int64_t>& xs, int64_t x) {
  auto i = std::lower_bound(xs.begin(), xs.end(), x);
  if (i == xs.end() || *i != x)
    xs.insert(i, x);
}

std::vector<int64_t>
reachable(const std::vector<std::vector<int64_t>>& out) {
  auto seen = reached_from(out, 0);
  std::vector<int64_t> result;
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i])
      result.push_back(static_cast<int64_t>(i));
  return result;
}

} // namespace

int64_t graph::edges() const noexcept {
  int64_t result = 0;
  for (const auto& targets : out)
    result += static_cast<int64_t>(targets.size());
  return directed ? result : result / 2;
}

std::vector<std::vector<int64_t>> graph::in() const {
  std::vector<std::vector<int64_t>> result(out.size());
  for (size_t from = 0; from < out.size(); ++from)
    for (auto to : out[from])
      result[static_cast<size_t>(to)].push_back(static_cast<int64_t>(from));
  return result;
}

graph empty_graph(int64_t nodes, bool directed) {
  graph result;
  result.out.resize(static_cast<size_t>(nodes));
  result.directed = directed;
  return result;
}

void add_edge(graph& g, int64_t from, int64_t to) {
  for (auto end : {from, to})
    if (end < 0 || end >= g.nodes())
      throw input_error(fmt::format("edge {} - {}: there is no node {}, nodes "
                                    "are 0 to {}",
                                    from, to, end, g.nodes() - 1));
  if (from == to)
    throw input_error(
      fmt::format("edge {} - {} leads from a node to itself", from, to));
  insert(g.out[static_cast<size_t>(from)], to);
  if (!g.directed)
    insert(g.out[static_cast<size_t>(to)], from);
}

bool is_connected(const graph& g) {
  if (g.nodes() == 0)
    return true;
  auto all = static_cast<size_t>(g.nodes());
  return reachable(g.out).size() == all
         && (!g.directed || reachable(g.in()).size() == all);
}

std::vector<int64_t> reachable_from_first(const graph& g) {
  return reachable(g.out);
}

} // namespace caps
