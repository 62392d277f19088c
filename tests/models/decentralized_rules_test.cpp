// Push-sum, D^2, gradient tracking and CHOCO-SGD: by hand on three numbers,
// and run in step on the least-squares losses of the golden files, whose
// minimizer Gaussian elimination gives.

#include "tests/support/catch.hpp"

#include "tests/models/support/reference.hpp"
#include "tests/support/set_options.hpp"

#include "models/compression/compressor.hpp"
#include "models/consensus/averaging.hpp"
#include "models/consensus/choco.hpp"
#include "models/consensus/d_squared.hpp"
#include "models/consensus/gradient_tracking.hpp"
#include "models/consensus/push_sum.hpp"
#include "models/errors.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using caps::test::vector;

namespace {

at::Tensor numbers(const vector& x) {
  auto result = at::empty({static_cast<int64_t>(x.size())}, at::kDouble);
  std::copy(x.begin(), x.end(), result.data_ptr<double>());
  return result;
}

double distance(const at::Tensor& x, const at::Tensor& y) {
  return x.sub(y).abs().max().item<double>();
}

/// Nodes that take a step each and then average, over and over.
struct cluster {
  explicit cluster(const caps::test::reference& x)
    : problem(x), mixing(caps::metropolis_hastings_mixing(x.neighbours)) {
    for (const auto& start : x.start) {
      weights.push_back(numbers(start));
      halves.push_back(at::zeros_like(weights.back()));
    }
  }

  size_t size() const { return problem.nodes; }

  at::Tensor gradient(size_t i, const at::Tensor& w) const {
    auto result = at::zeros_like(w);
    auto x = w.data_ptr<double>();
    auto g = result.data_ptr<double>();
    const auto& loss = problem.losses[i];
    for (size_t r = 0; r < loss.a.size(); ++r) {
      const auto& row = loss.a[r];
      auto residual = std::inner_product(row.begin(), row.end(), x, -loss.b[r]);
      for (size_t k = 0; k < row.size(); ++k)
        g[k] += residual * row[k];
    }
    return result;
  }

  /// The vectors of node i's neighbours.
  std::vector<at::Tensor> around(size_t i,
                                 const std::vector<at::Tensor>& all) const {
    std::vector<at::Tensor> result;
    for (auto j : mixing.graph[i])
      result.push_back(all[static_cast<size_t>(j)]);
    return result;
  }

  /// sum_j w_ij from[j] for every node.
  void average(const std::vector<at::Tensor>& from,
               std::vector<at::Tensor>& to) const {
    for (size_t i = 0; i < size(); ++i)
      caps::average(from[i], mixing.self[i], around(i, from),
                    mixing.neighbours[i], to[i]);
  }

  /// The largest distance of a node from the minimizer of the sum.
  double error() const {
    auto goal
      = numbers(caps::test::minimizer(problem, vector(problem.nodes, 1.0)));
    double result = 0;
    for (const auto& w : weights)
      result = std::max(result, distance(w, goal));
    return result;
  }

  /// The largest distance of two nodes.
  double disagreement() const {
    double result = 0;
    for (const auto& w : weights)
      result = std::max(result, distance(w, weights[0]));
    return result;
  }

  const caps::test::reference& problem;
  caps::mixing_matrix mixing;
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> halves;
};

std::unique_ptr<caps::compressor> make(std::string_view name,
                                       caps::test::option_values options) {
  return caps::test::configured(caps::built_in_compressors(), name,
                                std::move(options))
    ->make();
}

/// Runs CHOCO-SGD with `rate(k)` as learning rate.
template <class Rate>
void run_choco(cluster& nodes, const caps::compressor& inner, int64_t steps,
               double gamma, Rate rate) {
  caps::random_stream stream{1};
  std::vector<at::Tensor> copies;
  for (const auto& w : nodes.weights)
    copies.push_back(at::zeros_like(w));
  for (int64_t k = 0; k < steps; ++k) {
    std::vector<caps::compressed_vector> sent;
    for (size_t i = 0; i < nodes.size(); ++i) {
      const auto& w = nodes.weights[i];
      nodes.halves[i] = w.sub(nodes.gradient(i, w), rate(k));
      auto difference = at::zeros_like(w);
      caps::choco_difference(nodes.halves[i], copies[i], difference);
      sent.push_back(inner.compress(difference, stream));
    }
    for (size_t i = 0; i < nodes.size(); ++i)
      caps::add_decompressed(sent[i], 1, copies[i]);
    for (size_t i = 0; i < nodes.size(); ++i)
      caps::choco_average(nodes.halves[i], copies[i], nodes.around(i, copies),
                          nodes.mixing.neighbours[i], gamma, nodes.weights[i]);
  }
}

/// Of nine elements one as it is, a third at random, or all in one byte each.
std::vector<std::unique_ptr<caps::compressor>> lossy_compressors() {
  std::vector<std::unique_ptr<caps::compressor>> result;
  result.push_back(make("top_k", {{"share", 0.1}}));
  result.push_back(make("random_k", {{"share", 0.3}}));
  result.push_back(make("quantize8", {}));
  return result;
}

const std::vector<const char*> problems{"ecl_dsgd_ring3", "ecl_dsgd_chain3"};

/// Well below what the curvature of these losses allows.
constexpr double learning_rate = 0.02;

} // namespace

TEST_CASE("push-sum by hand", "[decentralized_rules]") {
  // Dividing among two others and itself.
  caps::push_sum_mass own{numbers({3, 6, -9}), 1.5};
  auto part = caps::push_sum_share(own, 2, at::zeros({3}, at::kDouble));
  CHECK(distance(part.x, numbers({1, 2, -3})) < 1e-15);
  CHECK(part.y == 0.5);
  // The same mass, given as its ratio.
  part = caps::push_sum_share_ratio(numbers({2, 4, -6}), 1.5, 2,
                                    at::zeros({3}, at::kDouble));
  CHECK(distance(part.x, numbers({1, 2, -3})) < 1e-15);
  CHECK(part.y == 0.5);
  std::vector<caps::push_sum_mass> received{{numbers({1, 0, 3}), 0.25},
                                            {numbers({0, 2, 4}), 0.25}};
  auto x = at::zeros({3}, at::kDouble);
  auto z = at::zeros({3}, at::kDouble);
  auto next = caps::push_sum_gather({numbers({1, 2, -3}), 1.5}, received, x, z);
  CHECK(next.x.is_same(x));
  CHECK(next.y == 2);
  CHECK(at::equal(x, numbers({2, 4, 4})));
  CHECK(at::equal(z, numbers({1, 2, 2})));
}

TEST_CASE("push-sum agrees on the mean on directed graphs",
          "[decentralized_rules]") {
  // Node i sends to these: strongly connected, uneven degrees, so that the
  // weights cannot be doubly stochastic.
  const std::vector<std::vector<size_t>> sends_to{
    {1, 2, 3, 4}, {2}, {3, 0}, {4}, {0}};
  auto n = sends_to.size();
  std::vector<caps::push_sum_mass> mass;
  std::vector<at::Tensor> z(n);
  for (size_t i = 0; i < n; ++i) {
    auto s = static_cast<double>(i);
    mass.push_back({numbers({s * s, 1 - s, 7}), 1});
    z[i] = at::zeros({3}, at::kDouble);
  }
  for (int round = 0; round < 200; ++round) {
    std::vector<caps::push_sum_mass> kept;
    std::vector<std::vector<caps::push_sum_mass>> received(n);
    for (size_t i = 0; i < n; ++i) {
      kept.push_back(caps::push_sum_share(mass[i], sends_to[i].size(),
                                          at::zeros_like(mass[i].x)));
      for (auto j : sends_to[i])
        received[j].push_back(kept[i]);
    }
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      mass[i] = caps::push_sum_gather(kept[i], received[i], mass[i].x, z[i]);
      sum += mass[i].y;
    }
    REQUIRE(sum == Approx(static_cast<double>(n)).epsilon(1e-13));
  }
  for (size_t i = 0; i < n; ++i)
    CHECK(distance(z[i], numbers({6, -1, 7})) < 1e-12);
  // Without the weights the nodes would not agree.
  CHECK(distance(mass[0].x, mass[1].x) > 0.1);
}

TEST_CASE("push-sum refuses weights that cannot be", "[decentralized_rules]") {
  auto x = numbers({1, 2, 3});
  for (auto y : {0.0, -1.0, double{NAN}, double{INFINITY}, 1e-310}) {
    std::vector<caps::push_sum_mass> received{{x, y}};
    CHECK_THROWS_WITH(
      caps::push_sum_gather({x, 1}, received, at::zeros_like(x), x),
      contains("push-sum got the weight"));
  }
}

TEST_CASE("D^2 by hand", "[decentralized_rules]") {
  auto x0 = numbers({1, 2, 3});
  auto memory = x0.clone();
  auto half = at::zeros_like(x0);
  // g = (2, 4, -2) and lr = 0.5: the first step is one of SGD.
  caps::d_squared(x0, numbers({0, 0, 4}), memory, half);
  CHECK(at::equal(half, numbers({0, 0, 4})));
  // Averaged to x1 = (1, 0, 2); g = (2, -2, 0) and lr = 0.25 give
  // 2 x1 - x0 - (lr g - lr g before).
  auto x1 = numbers({1, 0, 2});
  auto local = numbers({0.5, 0.5, 2});
  caps::d_squared(x1, local, memory, half);
  CHECK(at::equal(half, numbers({1.5, 0.5, 0})));
  CHECK(at::equal(memory, local));
}

TEST_CASE("D^2 reaches the minimizer and consensus", "[decentralized_rules]") {
  for (auto name : problems) {
    INFO(name);
    auto problem = caps::test::built_in_reference(name);
    cluster nodes{problem};
    nodes.mixing = caps::lazy_mixing(nodes.mixing);
    REQUIRE_NOTHROW(caps::check_d_squared(nodes.mixing));
    std::vector<at::Tensor> memory;
    for (const auto& w : nodes.weights)
      memory.push_back(w.clone());
    for (int64_t k = 0; k < 6000; ++k) {
      for (size_t i = 0; i < nodes.size(); ++i) {
        const auto& w = nodes.weights[i];
        caps::d_squared(w, w.sub(nodes.gradient(i, w), learning_rate),
                        memory[i], nodes.halves[i]);
      }
      nodes.average(nodes.halves, nodes.weights);
    }
    CHECK(nodes.error() < 1e-11);
  }
}

TEST_CASE("D^2 needs eigenvalues above -1/3", "[decentralized_rules]") {
  caps::adjacency ring4{{1, 3}, {0, 2}, {1, 3}, {0, 2}};
  auto uniform = caps::uniform_mixing(ring4);
  CHECK_THROWS_WITH(caps::check_d_squared(uniform),
                    contains("eigenvalue -0.333333"));
  CHECK_NOTHROW(caps::check_d_squared(caps::lazy_mixing(uniform)));
  CHECK_NOTHROW(caps::check_d_squared(
    caps::metropolis_hastings_mixing({{1}, {0, 2}, {1}})));
  CHECK_THROWS_WITH(
    caps::check_d_squared(caps::uniform_mixing({{1}, {0, 2}, {1}})),
    contains("not doubly stochastic"));
  CHECK_THROWS_WITH(
    caps::check_d_squared(caps::uniform_mixing({{2}, {0}, {1}})),
    contains("not symmetric"));
}

TEST_CASE("gradient tracking by hand", "[decentralized_rules]") {
  auto previous = at::zeros({3}, at::kDouble);
  auto tracker = at::zeros({3}, at::kDouble);
  caps::track_gradient(tracker, numbers({1, -2, 4}), previous, tracker);
  CHECK(at::equal(tracker, numbers({1, -2, 4})));
  auto mixed = numbers({0.5, 1, 3});
  caps::track_gradient(mixed, numbers({2, 2, 2}), previous, tracker);
  CHECK(at::equal(tracker, numbers({1.5, 5, 1})));
  CHECK(at::equal(previous, numbers({2, 2, 2})));
}

TEST_CASE("gradient tracking reaches the minimizer and consensus",
          "[decentralized_rules]") {
  for (auto name : problems) {
    INFO(name);
    auto problem = caps::test::built_in_reference(name);
    cluster nodes{problem};
    std::vector<at::Tensor> trackers, previous;
    for (const auto& w : nodes.weights) {
      trackers.push_back(at::zeros_like(w));
      previous.push_back(at::zeros_like(w));
    }
    auto mixed = trackers;
    for (auto& x : mixed)
      x = at::zeros_like(x);
    for (int64_t k = 0; k < 6000; ++k) {
      for (size_t i = 0; i < nodes.size(); ++i) {
        const auto& w = nodes.weights[i];
        caps::track_gradient(mixed[i], nodes.gradient(i, w), previous[i],
                             trackers[i]);
        nodes.halves[i] = w.sub(trackers[i], learning_rate);
      }
      nodes.average(nodes.halves, nodes.weights);
      nodes.average(trackers, mixed);
    }
    CHECK(nodes.error() < 1e-11);
  }
}

TEST_CASE("CHOCO by hand", "[decentralized_rules]") {
  auto half = numbers({4, 2, 0});
  auto own = numbers({1, 1, 2});
  auto difference = at::zeros_like(half);
  caps::choco_difference(half, own, difference);
  CHECK(at::equal(difference, numbers({3, 1, -2})));
  std::vector<at::Tensor> copies{numbers({5, 1, 0}), numbers({1, 9, 2})};
  std::vector<double> weights{0.5, 0.25};
  auto next = at::zeros_like(half);
  caps::choco_average(half, own, copies, weights, 0.5, next);
  CHECK(at::equal(next, numbers({5, 3, -0.5})));
  // The neighbours' copies as one weighted mean.
  std::vector<at::Tensor> mean{copies[0].mul(2.0 / 3).add(copies[1], 1.0 / 3)};
  std::vector<double> whole{0.75};
  auto same = at::zeros_like(half);
  caps::choco_average(half, own, mean, whole, 0.5, same);
  CHECK(distance(same, next) < 1e-14);
  // Nobody to average with.
  caps::choco_average(half, own, {}, {}, 0.5, next);
  CHECK(at::equal(next, half));
}

TEST_CASE("CHOCO agrees on the mean through compression",
          "[decentralized_rules]") {
  for (const auto& inner : lossy_compressors()) {
    for (auto name : problems) {
      INFO(name);
      auto problem = caps::test::built_in_reference(name);
      cluster nodes{problem};
      auto mean = at::zeros_like(nodes.weights[0]);
      for (size_t i = 0; i < nodes.size(); ++i) {
        // The golden runs start at one point.
        nodes.weights[i].mul_(static_cast<double>(i));
        mean.add_(nodes.weights[i], 1.0 / static_cast<double>(nodes.size()));
      }
      REQUIRE(nodes.disagreement() > 0.1);
      run_choco(nodes, *inner, 4000, 0.2, [](int64_t) { return 0.0; });
      CHECK(nodes.disagreement() < 1e-10);
      CHECK(distance(nodes.weights[0], mean) < 1e-10);
    }
  }
}

TEST_CASE("CHOCO-SGD comes near the minimizer", "[decentralized_rules]") {
  for (const auto& inner : lossy_compressors()) {
    for (auto name : problems) {
      INFO(name);
      auto problem = caps::test::built_in_reference(name);
      // A constant learning rate leaves a distance that grows with it, a
      // falling one none.
      auto left = [&](auto rate) {
        cluster nodes{problem};
        run_choco(nodes, *inner, 6000, 0.2, rate);
        return nodes.error();
      };
      auto coarse = left([](int64_t) { return 0.01; });
      auto fine = left([](int64_t) { return 0.0025; });
      auto falling = left(
        [](int64_t k) { return 0.02 / (1 + static_cast<double>(k) / 100); });
      INFO(coarse << ", " << fine << ", " << falling);
      CHECK(fine < coarse / 2);
      CHECK(falling < coarse / 10);
      CHECK(falling < 0.02);
    }
  }
}

TEST_CASE("CHOCO refuses what does not fit", "[decentralized_rules]") {
  auto x = numbers({1, 2, 3});
  std::vector<at::Tensor> copies{x.clone()};
  std::vector<double> one{0.5}, two{0.5, 0.5};
  for (auto gamma : {0.0, -1.0, 1.5, double{NAN}})
    CHECK_THROWS_AS(caps::choco_average(x, x, copies, one, gamma, x),
                    caps::input_error);
  CHECK_THROWS_WITH(caps::choco_average(x, x.clone(), copies, two, 1, x),
                    contains("1 public copies but 2 weights"));
}
