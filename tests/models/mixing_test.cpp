#include "tests/support/catch.hpp"

#include "models/consensus/mixing.hpp"
#include "models/errors.hpp"

#include <cmath>
#include <numbers>

namespace {

caps::adjacency ring(int64_t n) {
  caps::adjacency result;
  for (int64_t i = 0; i < n; ++i)
    result.push_back({(i + n - 1) % n, (i + 1) % n});
  return result;
}

caps::adjacency chain(int64_t n) {
  auto result = ring(n);
  result.front() = {1};
  result.back() = {n - 2};
  return result;
}

caps::adjacency complete(int64_t n) {
  caps::adjacency result(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      if (i != j)
        result[static_cast<size_t>(i)].push_back(j);
  return result;
}

/// Node i takes from i - 1, i - 2, i - 4...
caps::adjacency one_way_exponential(int64_t n) {
  caps::adjacency result(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i)
    for (int64_t hop = 1; hop < n; hop *= 2)
      result[static_cast<size_t>(i)].push_back((i + n - hop) % n);
  return result;
}

double cosine(double k, double n) {
  return std::cos(std::numbers::pi * k / n);
}

} // namespace

TEST_CASE("spectral gaps match the closed formulas", "[mixing]") {
  for (int64_t n : {3, 4, 8, 101, 1000, 10'000}) {
    auto x = static_cast<double>(n);
    // The eigenvalues of a ring are (1 + 2 cos(2 pi k / n)) / 3.
    auto expected = (2 - 2 * cosine(2, x)) / 3;
    if (n == 4)
      expected = 2.0 / 3; // -1/3 is as large as 1/3
    CHECK(caps::spectral_gap(caps::uniform_mixing(ring(n)))
          == Approx(expected).epsilon(1e-6));
  }
  for (int64_t n : {3, 10, 500})
    CHECK(
      caps::spectral_gap(caps::metropolis_hastings_mixing(chain(n)))
      == Approx((2 - 2 * cosine(1, static_cast<double>(n))) / 3).epsilon(1e-6));
  for (int64_t n : {2, 3, 50})
    CHECK(caps::spectral_gap(caps::uniform_mixing(complete(n)))
          == Approx(1).epsilon(1e-7));
  // Ying et al. 2021, theorem 1: 2 / (1 + log2 n).
  CHECK(caps::spectral_gap(caps::uniform_mixing(one_way_exponential(8)))
        == Approx(0.5));
  CHECK(caps::spectral_gap(caps::uniform_mixing(one_way_exponential(64)))
        == Approx(2.0 / 7));
  CHECK(caps::spectral_gap(caps::uniform_mixing({{}})) == 1);
  // Nobody waits for ever: 64 nodes and 128 ends of edges a step.
  auto slow = caps::uniform_mixing(ring(64));
  CHECK(caps::contraction_factor(slow, 192 * 64)
        == caps::contraction_factor(slow));
  CHECK_THROWS_AS(caps::contraction_factor(slow, 192 * 8), caps::input_error);
}

TEST_CASE("uniform weights on a chain contract by the eigenvalue", "[mixing]") {
  // Not doubly stochastic, eigenvalues 1, 1/2, -1/6.
  auto x = caps::uniform_mixing(chain(3));
  CHECK(caps::contraction_factor(x) == Approx(0.5));
  CHECK_THROWS_WITH(caps::check_doubly_stochastic(x),
                    contains("column 1 sums to 1.33"));
}

TEST_CASE("Metropolis-Hastings weights are doubly stochastic", "[mixing]") {
  // A star with a tail: very uneven degrees.
  caps::adjacency graph{{1, 2, 3, 4}, {0}, {0}, {0}, {0, 5}, {4}};
  auto x = caps::metropolis_hastings_mixing(graph);
  CHECK_NOTHROW(caps::check_doubly_stochastic(x));
  CHECK(x.self[0] == Approx(0.2));
  CHECK(x.self[1] == Approx(0.8));
  CHECK(x.neighbours[4][1] == Approx(1.0 / 3));
  CHECK_THROWS_WITH(caps::metropolis_hastings_mixing(one_way_exponential(8)),
                    contains("undirected"));
}

TEST_CASE("a node keeps what given weights leave", "[mixing]") {
  auto x = caps::metropolis_hastings_mixing(chain(3));
  caps::set_weight(x, 1, 0, 0.5);
  caps::set_weight(x, 1, 2, 0.25);
  CHECK(x.self[1] == 0.25);
  CHECK(x.neighbours[1] == std::vector<double>{0.5, 0.25});
  CHECK_NOTHROW(caps::check_weights(x));
  CHECK_THROWS_WITH(caps::check_doubly_stochastic(x), contains("column"));
  caps::set_weight(x, 0, 1, 0.5);
  caps::set_weight(x, 2, 1, 0.25);
  CHECK_NOTHROW(caps::check_doubly_stochastic(x));
  caps::set_weight(x, 1, 0, 0.8);
  CHECK_THROWS_WITH(caps::check_weights(x),
                    contains("node 1") && contains("1.05"));
  CHECK_THROWS_WITH(caps::set_weight(x, 0, 2, 0.5),
                    contains("node 2 does not send to node 0"));
}

TEST_CASE("graphs are checked", "[mixing]") {
  auto refuse = [](const caps::adjacency& graph, const char* why) {
    CHECK_THROWS_WITH(caps::check_connected(graph), contains(why));
  };
  refuse({{1}, {0}, {3}, {2}}, "2 of 4 nodes");
  refuse({{1}, {}}, "node 1 hears nothing");
  refuse({{}, {0}}, "node 1 sends nothing");
  refuse({{0}}, "its own neighbour");
  refuse({{1, 1}, {0}}, "twice");
  refuse({{2}, {0}}, "only 2 nodes");
  CHECK_NOTHROW(caps::check_connected(one_way_exponential(16)));
}

TEST_CASE("the smallest eigenvalue matches closed formulas", "[mixing]") {
  // (1 + 2 cos(2 pi k / n)) / 3, the least at k = n/2.
  for (int64_t n : {4, 8, 100, 1000})
    CHECK(caps::smallest_eigenvalue(caps::uniform_mixing(ring(n)))
          == Approx(-1.0 / 3).epsilon(1e-8));
  CHECK(caps::smallest_eigenvalue(caps::uniform_mixing(ring(5)))
        == Approx((1 + 2 * cosine(4, 5)) / 3).epsilon(1e-8));
  for (int64_t n : {2, 3, 50})
    CHECK(caps::smallest_eigenvalue(caps::uniform_mixing(complete(n)))
          == Approx(0).margin(1e-9));
  // Two nodes that swap.
  auto swapping = caps::uniform_mixing({{1}, {0}});
  caps::set_weight(swapping, 0, 1, 1);
  caps::set_weight(swapping, 1, 0, 1);
  CHECK(caps::smallest_eigenvalue(swapping) == Approx(-1));
  CHECK(caps::smallest_eigenvalue(caps::uniform_mixing(chain(3)))
        == Approx(-1.0 / 6).epsilon(1e-8));
  CHECK(caps::smallest_eigenvalue(caps::uniform_mixing({{}})) == 1);
  CHECK_THROWS_WITH(
    caps::smallest_eigenvalue(caps::uniform_mixing(one_way_exponential(8))),
    contains("node 0 takes 0.25 of node 7, which takes 0 of it"));
}

TEST_CASE("lazy weights halve the way of every eigenvalue to 1", "[mixing]") {
  auto x = caps::metropolis_hastings_mixing(chain(10));
  auto lazy = caps::lazy_mixing(x);
  CHECK_NOTHROW(caps::check_doubly_stochastic(lazy));
  CHECK(caps::smallest_eigenvalue(lazy)
        == Approx((1 + caps::smallest_eigenvalue(x)) / 2));
  CHECK(caps::spectral_gap(lazy) == Approx(caps::spectral_gap(x) / 2));
}
