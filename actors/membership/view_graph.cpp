#include "actors/membership/view_graph.hpp"

#include <algorithm>
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

/// Those who can reach each other, by the first of them.
std::vector<part> parts_of(const adjacency& out, const adjacency& in,
                           std::set<node_id> left) {
  std::vector<part> result;
  while (!left.empty()) {
    auto there = reached_from(out, *left.begin());
    auto back = reached_from(in, *left.begin());
    auto& added = result.emplace_back();
    for (size_t i = 0; i < out.size(); ++i)
      if (there[i] && back[i])
        added.push_back(static_cast<node_id>(i));
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

/// Unless it is there.
void add_sorted(std::vector<int64_t>& xs, node_id x) {
  auto i = std::ranges::lower_bound(xs, int64_t{x});
  if (i == xs.end() || *i != x)
    xs.insert(i, x);
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
