#include "actors/membership/view_graph.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

namespace caps {

namespace {

using part = std::vector<node_id>;

adjacency edges_left(const adjacency& all, const std::set<node_id>& living,
                     const parted_fn& parted) {
  adjacency result(all.size());
  for (auto from : living)
    for (auto to : all[static_cast<size_t>(from)])
      if (living.contains(static_cast<node_id>(to))
          && !parted(from, static_cast<node_id>(to)))
        result[static_cast<size_t>(from)].push_back(to);
  return result;
}

/// Those whom `from` can reach over these edges, itself included.
std::set<node_id> reached_from(node_id from, const adjacency& edges) {
  std::set<node_id> result{from};
  std::vector<node_id> last{from};
  while (!last.empty()) {
    auto node = last.back();
    last.pop_back();
    for (auto next : edges[static_cast<size_t>(node)])
      if (result.insert(static_cast<node_id>(next)).second)
        last.push_back(static_cast<node_id>(next));
  }
  return result;
}

/// Those who can reach each other, by the first of them.
std::vector<part> parts_of(const adjacency& out, const adjacency& in,
                           std::set<node_id> left) {
  std::vector<part> result;
  while (!left.empty()) {
    auto first = *left.begin();
    auto there = reached_from(first, out);
    auto back = reached_from(first, in);
    auto& added = result.emplace_back();
    std::ranges::set_intersection(there, back, std::back_inserter(added));
    for (auto x : added)
      left.erase(x);
  }
  return result;
}

/// The ends of an edge between two parts, if there can be one.
std::optional<std::pair<node_id, node_id>>
ends_between(const part& a, const part& b, const adjacency& out,
             const parted_fn& parted) {
  std::optional<std::pair<node_id, node_id>> result;
  auto least = std::numeric_limits<size_t>::max();
  for (auto i : a)
    for (auto j : b) {
      auto edges = out[static_cast<size_t>(i)].size()
                   + out[static_cast<size_t>(j)].size();
      if (edges < least && !parted(i, j)) {
        least = edges;
        result = {i, j};
      }
    }
  return result;
}

void add_sorted(std::vector<int64_t>& xs, node_id x) {
  xs.insert(std::ranges::upper_bound(xs, int64_t{x}), x);
}

void heal(adjacency& out, adjacency& in, const std::set<node_id>& living,
          const parted_fn& parted) {
  auto parts = parts_of(out, in, living);
  for (size_t i = 1; i < parts.size(); ++i)
    // With the last one it can reach: then all can in the end.
    for (size_t k = i; k-- > 0;) {
      auto ends = ends_between(parts[k], parts[i], out, parted);
      if (!ends)
        continue;
      auto [a, b] = *ends;
      for (auto [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
        // One way there may be an edge already.
        if (std::ranges::binary_search(out[static_cast<size_t>(from)],
                                       int64_t{to}))
          continue;
        add_sorted(out[static_cast<size_t>(from)], to);
        add_sorted(in[static_cast<size_t>(to)], from);
      }
      break;
    }
}

mixing_matrix weigh(const full_graph& all, const adjacency& in) {
  auto result = all.uniform || all.directed ? uniform_mixing(in)
                                            : metropolis_hastings_mixing(in);
  return all.lazy ? lazy_mixing(std::move(result)) : result;
}

} // namespace

std::vector<node_edges> edges_among(const full_graph& all,
                                    const std::set<node_id>& living,
                                    const parted_fn& parted) {
  auto out = edges_left(all.out, living, parted);
  auto in = edges_left(
    all.in, living, [&](node_id to, node_id from) { return parted(from, to); });
  if (all.heals)
    heal(out, in, living, parted);
  auto weights = weigh(all, in);
  std::vector<node_edges> result(out.size());
  for (size_t i = 0; i < out.size(); ++i) {
    auto& own = result[i];
    for (size_t k = 0; k < weights.graph[i].size(); ++k)
      own.in.push_back(
        {static_cast<node_id>(weights.graph[i][k]), weights.neighbours[i][k]});
    own.out.assign(out[i].begin(), out[i].end());
    own.self_weight = weights.self[i];
  }
  return result;
}

} // namespace caps
