#include "tests/support/catch.hpp"

#include "actors/membership/view_graph.hpp"

#include <algorithm>
#include <map>

using namespace caps;

namespace {

bool nobody(node_id, node_id) {
  return false;
}

full_graph ring(int64_t n) {
  full_graph result;
  for (int64_t i = 0; i < n; ++i) {
    std::vector<int64_t> both{(i + n - 1) % n, (i + 1) % n};
    std::ranges::sort(both);
    result.out.push_back(both);
  }
  result.in = result.out;
  return result;
}

/// Node i sends to i + 1 and i + 2, of n.
full_graph one_way(int64_t n) {
  full_graph result;
  result.directed = true;
  result.out.resize(static_cast<size_t>(n));
  result.in.resize(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    for (auto to : {(i + 1) % n, (i + 2) % n}) {
      result.out[static_cast<size_t>(i)].push_back(to);
      result.in[static_cast<size_t>(to)].push_back(i);
    }
  for (auto* all : {&result.out, &result.in})
    for (auto& x : *all)
      std::ranges::sort(x);
  return result;
}

void check_doubly_stochastic(const std::vector<node_edges>& edges,
                             const std::set<node_id>& living) {
  std::map<node_id, double> columns;
  for (auto id : living) {
    const auto& own = edges[static_cast<size_t>(id)];
    auto row = own.self_weight;
    columns[id] += own.self_weight;
    for (const auto& x : own.in) {
      CHECK(living.contains(x.id));
      row += x.weight;
      columns[x.id] += x.weight;
    }
    CHECK(row == Approx(1));
  }
  for (const auto& [id, sum] : columns)
    CHECK(sum == Approx(1));
}

/// Whom a node reaches over outgoing edges.
std::set<node_id> reached(const std::vector<node_edges>& edges, node_id from) {
  std::set<node_id> result{from};
  std::vector<node_id> next{from};
  while (!next.empty()) {
    auto x = next.back();
    next.pop_back();
    for (auto to : edges[static_cast<size_t>(x)].out)
      if (result.insert(to).second)
        next.push_back(to);
  }
  return result;
}

} // namespace

TEST_CASE("those who live average among themselves", "[view_graph]") {
  const std::set<node_id> living{0, 1, 2, 4, 5};
  auto edges = edges_among(ring(6), living, nobody);
  CHECK(edges[3].in.empty());
  CHECK(edges[3].out.empty());
  CHECK(edges[2].out == std::vector<node_id>{1});
  CHECK(edges[0].out == std::vector<node_id>{1, 5});
  check_doubly_stochastic(edges, living);
}

TEST_CASE("a graph that falls apart is healed", "[view_graph]") {
  const std::set<node_id> living{0, 1, 3, 4};
  auto graph = ring(6);
  auto edges = edges_among(graph, living, nobody);
  for (auto id : living)
    CHECK(reached(edges, id) == living);
  check_doubly_stochastic(edges, living);
  graph.heals = false;
  edges = edges_among(graph, living, nobody);
  CHECK(reached(edges, 0) == std::set<node_id>{0, 1});
  check_doubly_stochastic(edges, living);
}

TEST_CASE("parts that hear nothing of each other stay parts", "[view_graph]") {
  const std::set<node_id> all{0, 1, 2, 3, 4, 5};
  auto edges = edges_among(
    ring(6), all, [](node_id a, node_id b) { return (a < 3) != (b < 3); });
  CHECK(reached(edges, 0) == std::set<node_id>{0, 1, 2});
  CHECK(reached(edges, 5) == std::set<node_id>{3, 4, 5});
  check_doubly_stochastic(edges, all);
}

TEST_CASE("in a directed graph everybody hears of everybody", "[view_graph]") {
  auto graph = one_way(8);
  // Whoever is left, in all ways.
  for (unsigned mask = 1; mask < 256; ++mask) {
    std::set<node_id> living;
    for (node_id id = 0; id < 8; ++id)
      if ((mask >> id & 1u) != 0)
        living.insert(id);
    auto edges = edges_among(graph, living, nobody);
    for (auto id : living) {
      INFO("of " << mask << ", from " << id);
      REQUIRE(reached(edges, id) == living);
      const auto& own = edges[static_cast<size_t>(id)];
      REQUIRE(std::ranges::is_sorted(own.out));
      REQUIRE(std::ranges::adjacent_find(own.out) == own.out.end());
      auto row = own.self_weight;
      for (const auto& x : own.in)
        row += x.weight;
      REQUIRE(row == Approx(1));
    }
  }
}
