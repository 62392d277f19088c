#include "tests/support/catch.hpp"

#include "models/consensus/mixing.hpp"
#include "runtime/topology/graph.hpp"
#include "tests/support/set_options.hpp"

#include <cmath>
#include <numbers>
#include <set>

using caps::graph;

namespace {

graph draw(const std::string& kind, int64_t nodes,
           const caps::test::option_values& options = {}, uint64_t seed = 1) {
  caps::random_stream stream{seed};
  return caps::test::configured(caps::built_in_topologies(), kind, options)
    ->make(nodes, stream);
}

std::vector<int64_t> list(std::initializer_list<int64_t> xs) {
  return xs;
}

/// Neighbours ascend, without the node itself or anybody twice, and an
/// undirected edge is known at both ends.
void check_form(const graph& g) {
  for (int64_t i = 0; i < g.nodes(); ++i) {
    const auto& xs = g.out[static_cast<size_t>(i)];
    std::set<int64_t> sorted{xs.begin(), xs.end()};
    REQUIRE(std::vector<int64_t>(sorted.begin(), sorted.end()) == xs);
    REQUIRE(!sorted.contains(i));
    for (auto j : xs) {
      REQUIRE((j >= 0 && j < g.nodes()));
      const auto& back = g.out[static_cast<size_t>(j)];
      if (!g.directed)
        REQUIRE(std::ranges::find(back, i) != back.end());
    }
  }
}

} // namespace

TEST_CASE("all topologies are connected and in order", "[topology]") {
  auto known = caps::built_in_topologies();
  for (const auto& name : known.names()) {
    if (name == "edges")
      continue;
    for (int64_t nodes : {1, 2, 3, 4, 8, 12, 30}) {
      INFO(name << " of " << nodes);
      if (name == "random_regular" && nodes < 4)
        continue; // of degree 3
      auto g = draw(name, nodes);
      CHECK(g.nodes() == nodes);
      check_form(g);
      CHECK(caps::is_connected(g));
    }
  }
}

TEST_CASE("topologies join whom they should", "[topology]") {
  CHECK(draw("ring", 5).out[0] == list({1, 4}));
  CHECK(draw("ring", 2).out[0] == list({1}));
  CHECK(draw("chain", 5).out[0] == list({1}));
  CHECK(draw("chain", 5).out[2] == list({1, 3}));
  CHECK(draw("star", 5).out[0] == list({1, 2, 3, 4}));
  CHECK(draw("star", 5).out[3] == list({0}));
  CHECK(draw("full", 4).out[2] == list({0, 1, 3}));
  // 3 x 4: rows of four.
  CHECK(draw("grid", 12).out[5] == list({1, 4, 6, 9}));
  CHECK(draw("grid", 12).out[0] == list({1, 4}));
  CHECK(draw("torus", 12).out[0] == list({1, 3, 4, 8}));
  CHECK(draw("grid", 6, {{"rows", int64_t{1}}}).out[2] == list({1, 3}));
  auto both_ways = draw("exponential", 8);
  CHECK(both_ways.out[0] == list({1, 2, 4, 6, 7}));
  CHECK(!both_ways.directed);
  auto one_way = draw("exponential", 8, {{"one_way", true}});
  CHECK(one_way.out[0] == list({1, 2, 4}));
  CHECK(one_way.in()[0] == list({4, 6, 7}));
  CHECK(one_way.directed);
  auto given = draw("edges", 3, {{"edges", list({0, 1, 2, 1})}});
  CHECK(given.out[1] == list({0, 2}));
  CHECK(given.edges() == 2);
  CHECK(draw("full", 30).edges() == 435);
}

TEST_CASE("random graphs follow their seed and options", "[topology]") {
  for (auto kind : {"erdos_renyi", "random_regular"}) {
    INFO(kind);
    CHECK(draw(kind, 20, {}, 5).out == draw(kind, 20, {}, 5).out);
    CHECK(draw(kind, 20, {}, 5).out != draw(kind, 20, {}, 6).out);
  }
  for (int64_t degree : {2, 3, 7})
    for (const auto& xs : draw("random_regular", 20, {{"degree", degree}}).out)
      CHECK(static_cast<int64_t>(xs.size()) == degree);
  // 4950 pairs; five standard deviations are 161.
  auto edges = draw("erdos_renyi", 100, {{"probability", 0.3}}).edges();
  CHECK(edges == Approx(0.3 * 4950).margin(161));
}

TEST_CASE("graphs that cannot be are refused", "[topology]") {
  CHECK_THROWS_WITH(draw("random_regular", 5, {{"degree", int64_t{3}}}),
                    contains("5") && contains("3"));
  CHECK_THROWS_WITH(draw("random_regular", 3, {{"degree", int64_t{3}}}),
                    contains("3"));
  CHECK_THROWS_WITH(draw("erdos_renyi", 9, {{"probability", 0.0}}),
                    contains("connected"));
  CHECK_THROWS_WITH(draw("grid", 7, {{"rows", int64_t{2}}}), contains("7"));
  CHECK_THROWS_WITH(draw("edges", 3, {{"edges", list({0, 1, 2})}}),
                    contains("edges"));
  CHECK_THROWS_WITH(draw("edges", 3, {{"edges", list({0, 3})}}), contains("3"));
  CHECK_THROWS_WITH(draw("edges", 3, {{"edges", list({1, 1})}}),
                    contains("itself"));
  auto apart = draw("edges", 4, {{"edges", list({0, 1, 2, 3})}});
  CHECK(!caps::is_connected(apart));
  CHECK(caps::reachable_from_first(apart) == list({0, 1}));
  // A directed graph is connected only if every node hears of every other.
  auto path
    = draw("edges", 3, {{"edges", list({0, 1, 1, 2})}, {"one_way", true}});
  CHECK(!caps::is_connected(path));
  auto circle = draw("edges", 3,
                     {{"edges", list({0, 1, 1, 2, 2, 0})}, {"one_way", true}});
  CHECK(caps::is_connected(circle));
}

TEST_CASE("the spectral gaps are those known", "[topology]") {
  using std::numbers::pi;
  auto gap = [](const graph& g) {
    auto weights = caps::metropolis_hastings_mixing(g.out);
    caps::check_doubly_stochastic(weights);
    return caps::spectral_gap(weights);
  };
  // Weights of 1/3: eigenvalues (1 + 2 cos(2 pi k / n)) / 3.
  for (int64_t n : {5, 8, 25}) {
    auto angle = 2 * pi / static_cast<double>(n);
    CHECK(gap(draw("ring", n))
          == Approx(1 - (1 + 2 * std::cos(angle)) / 3).epsilon(1e-6));
  }
  CHECK(gap(draw("full", 7)) == Approx(1));
  // 1/n everywhere but at the leaves themselves: eigenvalue 1 - 1/n.
  CHECK(gap(draw("star", 6)) == Approx(1.0 / 6));
}
