#include "tests/support/catch.hpp"

#include "tests/models/support/reference.hpp"

#include "models/consensus/isvr.hpp"

#include <algorithm>
#include <cmath>

using caps::test::vector;

namespace {

/// The largest difference of two vectors relative to the largest element.
double relative_error(const vector& x, const vector& expected) {
  REQUIRE(x.size() == expected.size());
  double difference = 0;
  double scale = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    // Not std::max, which would lose a NaN.
    if (!(std::abs(x[i] - expected[i]) <= difference))
      difference = std::abs(x[i] - expected[i]);
    scale = std::max(scale, std::abs(expected[i]));
  }
  return difference / scale;
}

} // namespace

TEST_CASE("the rules follow the published trajectories", "[reference]") {
  auto files = caps::test::reference_files();
  REQUIRE(files.size() >= 27);
  for (const auto& file : files) {
    auto x = caps::test::read_reference(file);
    INFO(file.string() << ": " << x.protocol);
    REQUIRE(x.trajectory.size() > 1);
    auto last = static_cast<int64_t>(x.trajectory.size()) - 1;
    caps::test::simulate(x, last, [&](int64_t k, const auto& weights) {
      for (size_t i = 0; i < x.nodes; ++i) {
        INFO("node " << i << " after " << k << " steps");
        const auto& expected = x.trajectory.at(static_cast<size_t>(k)).at(i);
        REQUIRE(relative_error(weights[i], expected) <= 1e-9);
      }
    });
  }
}

TEST_CASE("every rule of the references is among them", "[reference]") {
  auto files = caps::test::reference_files();
  for (auto rule : {"dsgd", "gossip_sgd", "pdmm_sgd", "admm_sgd", "pdmm_isvr",
                    "admm_isvr", "lars", "sgd", "adam", "adamw"}) {
    INFO(rule);
    CHECK(std::any_of(files.begin(), files.end(), [&](const auto& file) {
      return caps::test::read_reference(file).runs(rule);
    }));
  }
}

namespace {

/// Runs `x` for `steps` steps and returns the largest relative distance of a
/// node from `goal`.
double distance_after(const caps::test::reference& x, int64_t steps,
                      const vector& goal) {
  double result = 0;
  caps::test::simulate(x, steps, [&](int64_t k, const auto& weights) {
    if (k == steps)
      for (const auto& w : weights)
        result = std::max(result, relative_error(w, goal));
  });
  return result;
}

vector equal_weights(const caps::test::reference& x) {
  return vector(x.nodes, 1.0);
}

} // namespace

TEST_CASE("C-ADMM reaches the minimizer and consensus", "[reference]") {
  for (auto name : {"ecl_dsgd_ring3", "ecl_dsgd_chain3"}) {
    auto x = caps::test::built_in_reference(name);
    INFO(name);
    x.protocol = "c_admm";
    x.hyper.mu = 20;
    x.hyper.rho = 2;
    auto goal = caps::test::minimizer(x, equal_weights(x));
    CHECK(distance_after(x, 2000, goal) < 1e-12);
  }
}

TEST_CASE("both ISVR rules reach the minimizer and consensus", "[reference]") {
  for (auto name :
       {"ecl_pdmm_isvr_ring3", "ecl_pdmm_isvr_round8_ring3",
        "ecl_admm_isvr_piw2_ring3", "ecl_pdmm_isvr_piw05_gcoef_ring3",
        "ecl_pdmm_isvr_piw05_gcoef_chain3"}) {
    for (auto rule : {"pdmm_isvr", "admm_isvr"}) {
      auto x = caps::test::built_in_reference(name);
      x.protocol = rule;
      INFO(name << " with " << rule);
      auto goal = caps::test::minimizer(x, equal_weights(x));
      CHECK(distance_after(x, 12'000, goal) < 1e-9);
    }
  }
}

TEST_CASE("without use_gcoef degrees weight the minimizer", "[reference]") {
  auto x = caps::test::built_in_reference("ecl_pdmm_isvr_round8_chain3");
  vector weights;
  for (const auto& list : x.neighbours)
    weights.push_back(
      1
      / caps::isvr_eta({.piw = x.hyper.piw, .steps_per_round = x.round},
                       x.hyper.learning_rate, list.size()));
  CHECK(distance_after(x, 6000, caps::test::minimizer(x, weights)) < 1e-9);
  CHECK(distance_after(x, 6000, caps::test::minimizer(x, equal_weights(x)))
        > 1e-3);
}
