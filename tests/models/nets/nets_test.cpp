#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/nets/least_squares.hpp"
#include "models/nets/mlp.hpp"
#include "models/random_stream.hpp"
#include "tests/models/nets/support.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/mv.h>

#include <cmath>

using namespace caps;
using namespace caps::test;

namespace {

const data_shape mnist{{1, 28, 28}, 10};
const data_shape cifar10{{3, 32, 32}, 10};

/// A net as published: its data and the number of its parameters.
struct published {
  std::string name;
  data_shape data;
  int64_t parameters;
};

const std::vector<published> published_nets{
  {"logistic", mnist, 7'850},
  {"lenet5", mnist, 61'706},
  {"lenet5", {{1, 32, 32}, 10}, 61'706},
  {"lenet5", cifar10, 62'006},
  {"mlp", mnist, 784 * 128 + 128 + 1'290},
  {"least_squares", {{9}, 0}, 9},
};

/// Compares the gradient with central differences of the loss in double
/// precision at random coordinates. Dropout draws the same mask each time.
void check_gradient(std::shared_ptr<const net> model, const data_shape& data,
                    int coordinates = 25) {
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
    CHECK(gradient[k] == Approx(expected).epsilon(1e-5).margin(1e-8));
  }
}

} // namespace

TEST_CASE("nets have the published number of parameters", "[nets]") {
  for (const auto& x : published_nets) {
    INFO(x.name << " for samples " << shape_text(x.data.sample));
    CHECK(make_net(x.name, x.data)->layout().numel() == x.parameters);
  }
}

TEST_CASE("nets map a batch to scores", "[nets]") {
  for (const auto& x : published_nets) {
    INFO(x.name << " for samples " << shape_text(x.data.sample));
    instance node{make_net(x.name, x.data)};
    auto scores = node.forward(random_input(x.data, 2));
    auto expected = x.data.classes > 0 ? std::vector<int64_t>{2, x.data.classes}
                                       : std::vector<int64_t>{2};
    CHECK(scores.sizes().vec() == expected);
    CHECK(std::isfinite(scores.sum().item<double>()));
  }
}

TEST_CASE("evaluation depends on nothing but its input", "[nets]") {
  for (const auto& x : published_nets) {
    INFO(x.name << " for samples " << shape_text(x.data.sample));
    instance node{make_net(x.name, x.data)};
    auto input = random_input(x.data, 2);
    auto kept = input.clone();
    auto buffers = node.buffers.clone();
    auto scores = node.forward(input); // without a generator
    CHECK(at::equal(scores, node.forward(input)));
    CHECK(at::equal(node.buffers, buffers));
    CHECK(at::equal(input, kept));
  }
}

TEST_CASE("gradients agree with central differences", "[nets]") {
  SECTION("logistic") {
    data_shape data{{1, 4, 4}, 3};
    check_gradient(make_logistic(data), data);
  }
  SECTION("mlp with dropout") {
    data_shape data{{5}, 3};
    check_gradient(make_mlp(data, {.hidden = {8, 6}, .dropout = 0.4}), data);
  }
  SECTION("lenet5") {
    data_shape data{{2, 12, 14}, 3};
    check_gradient(make_net("lenet5", data), data);
  }
  SECTION("least_squares") {
    data_shape data{{9}, 0};
    check_gradient(make_least_squares(data, {.weight = {3, 2}}), data);
  }
}

TEST_CASE("multiply-adds count convolutions and matrix products", "[nets]") {
  CHECK(make_net("logistic", mnist)->multiply_adds() == 7'840);
  CHECK(make_net("lenet5", mnist)->multiply_adds()
        == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 48'000 + 10'080 + 840);
  CHECK(make_net("least_squares", {{9}, 0})->multiply_adds() == 9);
}

TEST_CASE("lenet5 computes what LibTorch's own modules compute", "[nets]") {
  // torch::nn::Conv2d and Linear in this order after torch::manual_seed(42),
  // LibTorch 1.13.1.
  instance node{make_net("lenet5", mnist), 42};
  auto x = parameter_views(node.model->layout(), node.weights);
  CHECK(x[0].flatten()[0].item<float>() == 0.152907714f);
  CHECK(x[9].flatten()[-1].item<float>() == 0.0236709844f);
  auto ramp = at::linspace(-1, 1, 28 * 28).view({1, 1, 28, 28});
  auto scores = node.forward(ramp);
  CHECK(scores[0][0].item<double>() == Approx(0.114740625).epsilon(1e-4));
  CHECK(scores[0][9].item<double>() == Approx(-0.00389387459).epsilon(1e-4));
}

TEST_CASE("parameters bear the names of a PyTorch state dictionary", "[nets]") {
  auto model = make_net("lenet5", mnist);
  std::vector<std::string> names;
  for (const auto& entry : model->layout().entries())
    names.push_back(entry.name);
  CHECK(names
        == std::vector<std::string>{"conv1.weight", "conv1.bias",
                                    "conv2.weight", "conv2.bias", "fc1.weight",
                                    "fc1.bias", "fc2.weight", "fc2.bias",
                                    "fc3.weight", "fc3.bias"});
  CHECK(model->layout().entries()[2].shape
        == std::vector<int64_t>{16, 6, 5, 5});
}

TEST_CASE("the gradient of least squares is A'(Ax - b)", "[nets]") {
  data_shape data{{9}, 0};
  instance node{make_least_squares(data, {.weight = {3, 2}}), 1, at::kDouble};
  const auto& entries = node.model->layout().entries();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].fan_in == 2);
  CHECK(entries[1].fan_in == 2);
  CHECK(entries[1].kind == parameter_kind::bias);
  auto a = random_input(data, 12, 2, at::kDouble);
  auto b = random_target(data, 12);
  compute_gradient(*node.model, {node.weights, node.gradient, node.buffers},
                   {a, b}, {});
  auto expected = at::mv(a.t(), at::mv(a, node.weights) - b);
  CHECK(at::allclose(node.gradient, expected, 1e-13, 1e-13));
}

TEST_CASE("data a net does not fit is refused with numbers", "[nets]") {
  auto message = [](const std::string& name, const data_shape& data) {
    try {
      make_net(name, data);
    } catch (const input_error& e) {
      return std::string{e.what()};
    }
    return std::string{"accepted"};
  };
  CHECK(message("lenet5", {{1, 11, 28}, 10})
        == "model 'lenet5' takes pictures [channels, height, width] of at "
           "least 12 x 12 pixels; a sample of the data is [1, 11, 28]");
  CHECK(message("lenet5", {{1, 12, 12}, 10}) == "accepted");
  CHECK(message("lenet5", {{784}, 10}).find("[784]") != std::string::npos);
  CHECK(message("logistic", {{784}, 1})
        == "model 'logistic' tells classes apart and needs at least 2 of "
           "them; the data has 1");
  CHECK(message("mlp", {{0, 28}, 10}).find("[0, 28]") != std::string::npos);
  CHECK(message("least_squares", {{9}, 10}).find("10 classes")
        != std::string::npos);
  CHECK(message("least_squares", {{3, 3}, 0}).find("[3, 3]")
        != std::string::npos);
  CHECK_THROWS_AS(make_least_squares({{8}, 0}, {.weight = {3, 2}}),
                  input_error);
}
