#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/nets/least_squares.hpp"
#include "models/nets/net_summary.hpp"
#include "models/nets/resnet.hpp"
#include "tests/models/nets/support.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/mv.h>

#include <algorithm>
#include <cmath>

using namespace caps;
using namespace caps::test;

namespace {

const data_shape mnist{{1, 28, 28}, 10};
const data_shape cifar10{{3, 32, 32}, 10};
const data_shape cifar100{{3, 32, 32}, 100};

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
  {"cnn1", mnist, 1'199'882},
  {"cnn2", cifar10, 2'122'186},
  {"cnn2", cifar100, 2'168'356},
  {"resnet18", cifar10, 11'173'962},
  {"resnet18", cifar100, 11'220'132},
  {"resnet50", cifar10, 23'520'842},
  {"resnet10_gn", cifar10, 4'910'922},
  {"resnet18_gn", cifar10, 11'181'642},
  {"resnet34_gn", cifar10, 21'289'802},
  {"resnet32", cifar10, 21'289'802},
  {"resnet50_gn", cifar10, 23'528'522},
  {"alexnet", cifar10, 23'272'266},
  {"vgg11", cifar10, 9'231'114},
  {"vgg13", cifar10, 9'416'010},
  {"vgg16", cifar10, 14'728'266},
  {"least_squares", {{9}, 0}, 9},
};

} // namespace

TEST_CASE("nets have the published number of parameters", "[nets]") {
  for (const auto& x : published_nets) {
    INFO(x.name << " for samples " << shape_text(x.data.sample));
    CHECK(make_net(x.name, x.data)->layout().numel() == x.parameters);
  }
}

TEST_CASE("the list of published nets is complete", "[nets]") {
  for (const auto& name : built_in_nets().names()) {
    INFO(name);
    CHECK(std::any_of(published_nets.begin(), published_nets.end(),
                      [&](const published& x) { return x.name == name; }));
  }
}

TEST_CASE("evaluation maps a batch to scores and changes nothing", "[nets]") {
  for (const auto& x : published_nets) {
    INFO(x.name << " for samples " << shape_text(x.data.sample));
    instance node{make_net(x.name, x.data)};
    auto input = random_input(x.data, 2);
    auto kept = input.clone();
    auto weights = node.weights.clone();
    auto buffers = node.buffers.clone();
    auto scores = node.forward(input); // without a generator
    auto expected = x.data.classes > 0 ? std::vector<int64_t>{2, x.data.classes}
                                       : std::vector<int64_t>{2};
    CHECK(scores.sizes().vec() == expected);
    CHECK(std::isfinite(scores.sum().item<double>()));
    CHECK(at::equal(scores, node.forward(input)));
    CHECK(at::equal(input, kept));
    CHECK(at::equal(node.weights, weights));
    CHECK(at::equal(node.buffers, buffers));
  }
}

TEST_CASE("training moves the running statistics", "[nets]") {
  instance node{make_net("resnet18", {{3, 8, 8}, 10})};
  auto before = node.buffers.clone();
  node.forward(random_input({{3, 8, 8}, 10}, 4), true);
  // Every statistic of every channel is new.
  CHECK(node.buffers.ne(before).all().item<bool>());
}

TEST_CASE("multiply-adds count convolutions and matrix products", "[nets]") {
  CHECK(make_net("logistic", mnist)->multiply_adds() == 7'840);
  CHECK(make_net("lenet5", mnist)->multiply_adds()
        == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 48'000 + 10'080 + 840);
  CHECK(make_net("least_squares", {{9}, 0})->multiply_adds() == 9);
  // Known figures of these nets: 0.56 and 0.31 billion.
  CHECK(make_net("resnet18", cifar10)->multiply_adds() == 555'422'720);
  CHECK(make_net("vgg16", cifar10)->multiply_adds() == 313'201'664);
}

TEST_CASE("a summary counts both vectors in bytes", "[nets]") {
  auto x = summarize(*make_net("resnet18", cifar10), at::kDouble);
  CHECK(x.parameters == 11'173'962);
  CHECK(x.buffers == 9'600); // mean and variance of 4,800 channels
  CHECK(x.parameter_bytes == 8 * 11'173'962);
  CHECK(x.bytes == 8 * (11'173'962 + 9'600));
  CHECK(x.multiply_adds == 555'422'720);
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
  auto names = [](const std::string& model, size_t first, size_t n) {
    auto x = make_net(model, cifar10);
    std::vector<std::string> result;
    for (size_t i = first; i < first + n; ++i)
      result.push_back(x->layout().entries().at(i).name);
    return result;
  };
  using list = std::vector<std::string>;
  CHECK(names("lenet5", 0, 4)
        == list{"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"});
  // The first block of the second stage starts after 3 + 2 x 6 parameters.
  CHECK(names("resnet18", 15, 9)
        == list{"layer2.0.conv1.weight", "layer2.0.bn1.weight",
                "layer2.0.bn1.bias", "layer2.0.conv2.weight",
                "layer2.0.bn2.weight", "layer2.0.bn2.bias",
                "layer2.0.shortcut.0.weight", "layer2.0.shortcut.1.weight",
                "layer2.0.shortcut.1.bias"});
  CHECK(names("resnet50_gn", 3, 12)
        == list{"layer1.0.conv1.weight", "layer1.0.bn1.weight",
                "layer1.0.bn1.bias", "layer1.0.conv2.weight",
                "layer1.0.bn2.weight", "layer1.0.bn2.bias",
                "layer1.0.conv3.weight", "layer1.0.bn3.weight",
                "layer1.0.bn3.bias", "layer1.0.downsample.0.weight",
                "layer1.0.downsample.1.weight", "layer1.0.downsample.1.bias"});
  CHECK(names("vgg11", 4, 4)
        == list{"features.4.weight", "features.4.bias", "features.5.weight",
                "features.5.bias"});
  CHECK(names("alexnet", 8, 4)
        == list{"features.10.weight", "features.10.bias", "classifier.1.weight",
                "classifier.1.bias"});
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
  // Each smallest picture is accepted, and one pixel less is not.
  for (auto [name, side] : {std::pair{"lenet5", 12},
                            {"cnn1", 6},
                            {"cnn2", 4},
                            {"alexnet", 15},
                            {"vgg16", 32},
                            {"resnet18", 1},
                            {"resnet10_gn", 1}}) {
    INFO(name);
    CHECK(message(name, {{3, side, side}, 10}) == "accepted");
    CHECK(message(name, {{3, side, side - 1}, 10}) != "accepted");
  }
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
  CHECK_THROWS_WITH(
    make_group_resnet("resnet10_gn", resnet10_depth, cifar10,
                      {.group_channels = 48}),
    "model 'resnet10_gn' cannot normalize bn1 in groups of 48: 64 channels are "
    "no multiple of that");
}
