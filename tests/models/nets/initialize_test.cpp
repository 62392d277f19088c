#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "tests/models/nets/support.hpp"

#include <ATen/ops/equal.h>

#include <cmath>

using namespace caps;
using test::generator;
using test::instance;

namespace {

const data_shape mnist{{1, 28, 28}, 10};

std::vector<at::Tensor> draw(const parameter_layout& layout, initialization how,
                             at::Tensor& buffers) {
  auto weights = at::empty({layout.numel()});
  buffers = at::empty({layout.buffer_numel()});
  initialize(layout, how, generator(3), weights, buffers);
  return parameter_views(layout, weights);
}

/// A layout with one parameter of each kind, large enough for statistics.
parameter_layout every_kind() {
  parameter_layout x;
  x.add("w", {400, 100}, parameter_kind::weight);
  x.add("b", {4'000}, parameter_kind::bias);
  x.add("n.weight", {5}, parameter_kind::norm_weight);
  x.add("n.bias", {5}, parameter_kind::norm_bias);
  x.add_buffer("n.running_mean", {5}, 0);
  x.add_buffer("n.running_var", {5}, 1);
  return x;
}

} // namespace

TEST_CASE("the same seed draws the same weights", "[initialize]") {
  auto model = test::make_net("lenet5", mnist);
  CHECK(at::equal(instance(model, 1).weights, instance(model, 1).weights));
  CHECK_FALSE(
    at::equal(instance(model, 1).weights, instance(model, 2).weights));
}

TEST_CASE("drawing leaves the global generator alone", "[initialize]") {
  auto global = at::detail::getDefaultCPUGenerator();
  auto before = global.get_state();
  instance{test::make_net("lenet5", mnist)};
  CHECK(at::equal(global.get_state(), before));
}

TEST_CASE("uniform weights and biases keep within 1/sqrt(fan_in)",
          "[initialize]") {
  auto layout = every_kind();
  at::Tensor buffers;
  auto xs = draw(layout, initialization::uniform_fan_in, buffers);
  for (size_t i = 0; i < 2; ++i) {
    INFO(layout.entries()[i].name);
    CHECK(xs[i].abs().max().item<double>() <= 0.1);
    CHECK(xs[i].abs().max().item<double>() > 0.0999);
    CHECK(std::abs(xs[i].mean().item<double>()) < 0.003);
    CHECK(xs[i].std().item<double>()
          == Approx(0.1 / std::sqrt(3)).epsilon(0.02));
  }
}

TEST_CASE("He weights have variance 2/fan_in and biases are 0",
          "[initialize]") {
  auto layout = every_kind();
  at::Tensor buffers;
  auto xs = draw(layout, initialization::he, buffers);
  CHECK(xs[0].std().item<double>() == Approx(std::sqrt(0.02)).epsilon(0.02));
  CHECK(std::abs(xs[0].mean().item<double>()) < 0.003);
  CHECK(xs[1].abs().max().item<double>() == 0);
}

TEST_CASE("normalization layers start as the identity", "[initialize]") {
  auto layout = every_kind();
  for (auto how : {initialization::uniform_fan_in, initialization::he}) {
    at::Tensor buffers;
    auto xs = draw(layout, how, buffers);
    CHECK(xs[2].eq(1).all().item<bool>());
    CHECK(xs[3].eq(0).all().item<bool>());
    CHECK(buffers.narrow(0, 0, 5).eq(0).all().item<bool>());
    CHECK(buffers.narrow(0, 5, 5).eq(1).all().item<bool>());
  }
}

TEST_CASE("drawing without a generator is refused", "[initialize]") {
  auto layout = every_kind();
  auto weights = at::empty({layout.numel()});
  auto buffers = at::empty({layout.buffer_numel()});
  CHECK_THROWS_AS(initialize(layout, initialization::he, {}, weights, buffers),
                  caps::error);
}
