#include "tests/support/catch.hpp"

#include "models/nets/least_squares.hpp"
#include "models/nets/mlp.hpp"
#include "models/nets/vgg.hpp"
#include "models/random_stream.hpp"
#include "tests/models/nets/support.hpp"

using namespace caps;
using namespace caps::test;

namespace {

/// Compares the gradient with central differences of the loss in double
/// precision at random coordinates. Dropout draws the same mask each time.
void check_gradient(std::shared_ptr<const net> model, const data_shape& data,
                    int coordinates = 20) {
  constexpr int64_t n = 3;
  constexpr double step = 1e-6;
  instance x{std::move(model), 1, at::kDouble};
  batch sample{random_input(data, n, 2, at::kDouble), random_target(data, n)};
  auto before = x.buffers.clone();
  auto result = compute_gradient(*x.model, {x.weights, x.gradient, x.buffers},
                                 sample, generator(5));
  auto loss = [&] {
    x.buffers.copy_(before);
    return x.model
      ->loss(x.forward(sample.input, true, generator(5)), sample.target)
      .item<double>();
  };
  REQUIRE(result.loss == loss());
  CHECK(x.gradient.abs().max().item<double>() > 0);
  random_stream coordinate{7};
  auto weights = x.weights.accessor<double, 1>();
  auto gradient = x.gradient.accessor<double, 1>();
  for (int i = 0; i < coordinates; ++i) {
    auto k = static_cast<int64_t>(
      coordinate.below(static_cast<uint64_t>(x.weights.numel())));
    auto w = weights[k];
    weights[k] = w + step;
    auto above = loss();
    weights[k] = w - step;
    auto below = loss();
    weights[k] = w;
    auto expected = (above - below) / (2 * step);
    INFO("coordinate " << k);
    CHECK(gradient[k] == Approx(expected).epsilon(1e-4).margin(1e-7));
  }
}

} // namespace

TEST_CASE("gradients of small nets agree with differences", "[net_gradient]") {
  SECTION("logistic") {
    data_shape data{{1, 4, 4}, 3};
    check_gradient(make_logistic(data), data);
  }
  SECTION("mlp with dropout") {
    data_shape data{{5}, 3};
    check_gradient(make_mlp(data, {.hidden = {8, 6}, .dropout = 0.4}), data);
  }
  SECTION("mlp with batch normalization") {
    data_shape data{{5}, 3};
    check_gradient(make_mlp(data, {.hidden = {8, 6}, .batch_norm = true}),
                   data);
  }
  SECTION("least_squares") {
    data_shape data{{9}, 0};
    check_gradient(make_least_squares(data, {.weight = {3, 2}}), data);
  }
}

TEST_CASE("gradients of convolutional nets agree with differences",
          "[net_gradient]") {
  for (auto [name, side] : {std::pair{"lenet5", 12},
                            {"cnn1", 8},
                            {"cnn2", 8},
                            {"resnet18", 6},
                            {"resnet50", 6},
                            {"resnet10_gn", 24},
                            {"resnet18_gn", 24},
                            {"resnet34_gn", 24},
                            {"resnet50_gn", 24},
                            {"alexnet", 16},
                            {"vgg11", 32},
                            {"vgg13", 32},
                            {"vgg16", 32}}) {
    INFO(name);
    data_shape data{{2, side, side + 1}, 3};
    check_gradient(make_net(name, data), data, 6);
  }
}

TEST_CASE("gradients of other classifiers and norms agree with differences",
          "[net_gradient]") {
  data_shape data{{1, 32, 32}, 3};
  for (auto norm : {"group", "none"}) {
    INFO(norm);
    check_gradient(
      make_vgg("vgg11", vgg11_depth, data, {.norm = norm, .hidden = {16}}),
      data, 6);
  }
}
