// What the golden trajectories cannot show of the update rules: the same bits
// in and out of place, other precisions, single nodes, and bad input.

#include "tests/support/catch.hpp"

#include "models/consensus/c_admm.hpp"
#include "models/consensus/choco.hpp"
#include "models/consensus/d_squared.hpp"
#include "models/consensus/delay_compensation.hpp"
#include "models/consensus/gossip.hpp"
#include "models/consensus/gradient_tracking.hpp"
#include "models/consensus/isvr.hpp"
#include "models/consensus/pdmm_sgd.hpp"
#include "models/consensus/push_sum.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <functional>
#include <vector>

namespace {

/// Three layers, the second longer than a block.
caps::parameter_layout example_layout() {
  caps::parameter_layout result;
  result.add("a.weight", {3, 5}, caps::parameter_kind::weight);
  result.add("a.bias", {3}, caps::parameter_kind::bias);
  result.add("b.weight", {61, 67}, caps::parameter_kind::weight);
  result.add("c.weight", {9}, caps::parameter_kind::norm_weight);
  result.add("c.bias", {9}, caps::parameter_kind::norm_bias);
  return result;
}

const auto layout = example_layout();

at::Tensor wave(double phase, at::ScalarType dtype) {
  return at::arange(layout.numel(), at::kDouble)
    .mul(0.37)
    .add(phase)
    .sin()
    .to(dtype);
}

/// A node's vectors, and four neighbours.
struct vectors {
  at::Tensor weights;
  at::Tensor gradient;
  at::Tensor multiplier;
  std::vector<at::Tensor> received;
  std::vector<at::Tensor> sent;
  std::vector<caps::dual_edge> edges;

  explicit vectors(at::ScalarType dtype)
    : weights(wave(0, dtype)), gradient(wave(1, dtype)),
      multiplier(wave(2, dtype)) {
    for (int j = 0; j < 4; ++j) {
      received.push_back(wave(3 + j, dtype));
      sent.push_back(at::zeros_like(weights));
      edges.push_back({.sign = j % 2 == 0 ? 1.0 : -1.0,
                       .received = wave(7 + j, dtype),
                       .average = wave(11 + j, dtype),
                       .parameters = received.back(),
                       .prepared = at::zeros_like(weights)});
    }
  }

  /// Everything a rule may write but its result.
  std::vector<at::Tensor> written() const {
    std::vector<at::Tensor> result = sent;
    result.push_back(multiplier);
    for (const auto& edge : edges) {
      result.push_back(edge.average);
      result.push_back(edge.prepared);
    }
    return result;
  }
};

using rule = std::function<void(const vectors&, const at::Tensor& next)>;

struct named_rule {
  const char* name;
  rule run;
};

const std::vector<named_rule> rules{
  {"gossip",
   [](const vectors& x, const at::Tensor& next) {
     caps::gossip(x.weights, x.received, x.sent, next);
   }},
  {"pdmm_sgd",
   [](const vectors& x, const at::Tensor& next) {
     caps::pdmm_sgd({}, 0.01, layout, x.weights, x.gradient, x.edges, next);
   }},
  {"admm_sgd",
   [](const vectors& x, const at::Tensor& next) {
     caps::admm_sgd({}, 0.01, layout, x.weights, x.gradient, x.edges, next);
   }},
  {"pdmm_isvr",
   [](const vectors& x, const at::Tensor& next) {
     caps::pdmm_isvr({}, 0.1, x.weights, x.gradient, x.edges, next);
   }},
  {"admm_isvr",
   [](const vectors& x, const at::Tensor& next) {
     caps::admm_isvr({}, 0.1, x.weights, x.gradient, x.edges, next);
   }},
  {"c_admm",
   [](const vectors& x, const at::Tensor& next) {
     caps::c_admm({}, x.weights, x.gradient, x.received, x.multiplier, next);
   }},
  {"delay compensation",
   [](const vectors& x, const at::Tensor& next) {
     caps::compensate_delay(x.gradient, x.weights, x.received[0], 2, next);
   }},
  {"push_sum",
   [](const vectors& x, const at::Tensor& next) {
     caps::push_sum_mass own{x.weights, 0.75};
     caps::push_sum_gather(caps::push_sum_share(own, 2, next),
                           {{{x.received[0], 0.5}}}, next, x.sent[0]);
   }},
  {"d_squared",
   [](const vectors& x, const at::Tensor& next) {
     caps::d_squared(x.weights, x.received[0], x.multiplier, next);
   }},
  {"gradient tracking",
   [](const vectors& x, const at::Tensor& next) {
     caps::track_gradient(x.weights, x.received[0], x.multiplier, next);
   }},
  {"choco_difference",
   [](const vectors& x, const at::Tensor& next) {
     caps::choco_difference(x.weights, x.received[0], next);
   }},
  {"choco_average",
   [](const vectors& x, const at::Tensor& next) {
     std::vector<double> shares{0.25, 0.125, 0.25, 0.125};
     caps::choco_average(x.weights, x.multiplier, x.received, shares, 0.75,
                         next);
   }},
};

void check_close(const at::Tensor& x, const at::Tensor& expected,
                 double tolerance) {
  auto error = x.to(at::kDouble).sub(expected).abs().max().item<double>();
  CHECK(error <= tolerance);
}

} // namespace

TEST_CASE("rules give the same bits in place and elsewhere", "[rules]") {
  for (const auto& x : rules) {
    INFO(x.name);
    vectors here{at::kFloat};
    vectors there{at::kFloat};
    auto next = at::zeros_like(there.weights);
    x.run(here, here.weights);
    x.run(there, next);
    CHECK(at::equal(here.weights, next));
    for (size_t k = 0; k < here.written().size(); ++k)
      CHECK(at::equal(here.written()[k], there.written()[k]));
    CHECK(at::equal(there.weights, wave(0, at::kFloat)));
  }
}

TEST_CASE("rules work in every precision", "[rules]") {
  // Half precision takes the path of devices: tensor operations.
  auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  auto tolerance = dtype == at::kFloat ? 2e-6 : 0.1;
  for (const auto& x : rules) {
    INFO(x.name);
    vectors coarse{dtype};
    vectors fine{at::kDouble};
    auto coarse_next = at::zeros_like(coarse.weights);
    auto fine_next = at::zeros_like(fine.weights);
    x.run(coarse, coarse_next);
    x.run(fine, fine_next);
    check_close(coarse_next, fine_next, tolerance);
    for (size_t k = 0; k < fine.written().size(); ++k)
      check_close(coarse.written()[k], fine.written()[k], tolerance);
  }
}

TEST_CASE("gossip skips copies that nobody wants", "[rules]") {
  vectors all{at::kDouble};
  vectors some{at::kDouble};
  some.sent[0] = some.sent[3] = at::Tensor{};
  caps::gossip(all.weights, all.received, all.sent, all.weights);
  caps::gossip(some.weights, some.received, some.sent, some.weights);
  CHECK(at::equal(some.weights, all.weights));
  CHECK(at::equal(some.sent[1], all.sent[1]));
  CHECK(at::equal(some.sent[2], all.sent[2]));
  CHECK(at::equal(all.sent[3], all.weights));
}

TEST_CASE("dual rules prepare only what is wanted", "[rules]") {
  vectors all{at::kDouble};
  vectors some{at::kDouble};
  for (auto& edge : some.edges) {
    edge.prepared = at::Tensor{};
    edge.average = at::Tensor{};
    edge.parameters = at::Tensor{};
  }
  auto next = at::zeros_like(all.weights);
  caps::pdmm_isvr({}, 0.1, all.weights, all.gradient, all.edges, next);
  caps::pdmm_isvr({}, 0.1, some.weights, some.gradient, some.edges,
                  some.weights);
  CHECK(at::equal(next, some.weights));
  caps::pdmm_sgd_options no_proximity{.rho = 0};
  CHECK_NOTHROW(caps::pdmm_sgd(no_proximity, 0.1, layout, some.weights,
                               some.gradient, some.edges, some.weights));
}

TEST_CASE("a node without neighbours does an SGD step", "[rules]") {
  vectors x{at::kDouble};
  auto expected = x.weights.sub(x.gradient.mul(0.125));
  auto next = at::zeros_like(x.weights);
  caps::pdmm_sgd({}, 0.125, layout, x.weights, x.gradient, {}, next);
  check_close(next, expected, 1e-15);
  caps::admm_isvr({.piw = 2}, 0.125, x.weights, x.gradient, {}, next);
  check_close(next, expected, 1e-15);
  caps::c_admm({.mu = 8}, x.weights, x.gradient, {}, at::zeros_like(x.weights),
               next);
  check_close(next, expected, 1e-15);
  caps::gossip(x.weights, {}, {}, next);
  CHECK(at::equal(next, x.weights));
}

TEST_CASE("delay compensation corrects to first order", "[rules]") {
  // The gradient of w^2/2 is w, and its square stands for the curvature.
  auto old = at::full({4}, 2.0, at::kDouble);
  auto now = at::full({4}, 2.5, at::kDouble);
  auto gradient = old.clone();
  caps::compensate_delay(gradient, now, old, 0.25, gradient);
  CHECK(at::equal(gradient, at::full({4}, 2.5, at::kDouble)));
  caps::compensate_delay(gradient, now, now, 0.25, gradient);
  CHECK(at::equal(gradient, at::full({4}, 2.5, at::kDouble)));
}

TEST_CASE("rules refuse parameters out of range", "[rules]") {
  vectors x{at::kDouble};
  auto isvr = [&](double piw, int64_t steps, double lr) {
    caps::pdmm_isvr({.piw = piw, .steps_per_round = steps}, lr, x.weights,
                    x.gradient, x.edges, x.weights);
  };
  CHECK_THROWS_WITH(isvr(2, 1, 0.1),
                    contains("piw 2 with 1 steps a round and 4 neighbours")
                      && contains("below 1.25"));
  CHECK_THROWS_AS(isvr(1.25, 1, 0.1), caps::input_error);
  CHECK_THROWS_AS(isvr(0, 1, 0.1), caps::input_error);
  CHECK_THROWS_AS(isvr(NAN, 1, 0.1), caps::input_error);
  CHECK_THROWS_AS(isvr(1, 0, 0.1), caps::input_error);
  CHECK_THROWS_AS(isvr(1, 1, 0), caps::input_error);
  CHECK_NOTHROW(isvr(2, 8, 0.1));

  auto pdmm = [&](caps::pdmm_sgd_options options, double lr) {
    caps::pdmm_sgd(options, lr, layout, x.weights, x.gradient, x.edges,
                   x.weights);
  };
  CHECK_THROWS_WITH(pdmm({.mu = 0}, 0.1), contains("mu is 0"));
  CHECK_THROWS_WITH(pdmm({.eta = -1}, 0.1), contains("eta is -1"));
  CHECK_THROWS_WITH(pdmm({.rho = NAN}, 0.1), contains("rho is nan"));
  CHECK_THROWS_WITH(pdmm({}, INFINITY), contains("learning rate is inf"));
  CHECK_THROWS_WITH(caps::check(caps::c_admm_options{.rho = 0}),
                    contains("rho is 0"));
  CHECK_THROWS_WITH(caps::check(caps::c_admm_options{.mu = -3}),
                    contains("mu is -3"));
  CHECK_THROWS_AS(
    caps::compensate_delay(x.gradient, x.weights, x.weights, -1, x.gradient),
    caps::input_error);
}

TEST_CASE("rules refuse vectors that do not fit", "[rules]") {
  for (const auto& x : rules) {
    INFO(x.name);
    vectors bad{at::kDouble};
    bad.received[0] = bad.edges[0].received = at::zeros({3}, at::kDouble);
    CHECK_THROWS_AS(x.run(bad, bad.weights), caps::error);
  }
  vectors x{at::kDouble};
  caps::parameter_layout other;
  other.add("w", {3}, caps::parameter_kind::weight);
  CHECK_THROWS_WITH(
    caps::pdmm_sgd({}, 0.1, other, x.weights, x.gradient, x.edges, x.weights),
    contains("for a net of 3"));
}
