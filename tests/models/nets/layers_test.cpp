#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/nets/layers.hpp"
#include "tests/models/nets/support.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>

using namespace caps;
using test::generator;

namespace {

/// The tensors of a layer that was added to an empty layout.
struct layer_fixture {
  parameter_layout layout;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> buffers;

  /// Fresh parameters and buffers, all on `value`.
  void fill(double value) {
    for (const auto& entry : layout.entries())
      parameters.push_back(at::empty(entry.shape, at::kDouble).fill_(value));
    for (const auto& entry : layout.buffers())
      buffers.push_back(
        at::empty(entry.shape, at::kDouble).fill_(entry.initial));
  }

  forward_pass pass(bool training, at::Generator random = {}) const {
    return {parameters, buffers, training, std::move(random)};
  }
};

at::Tensor normal(at::IntArrayRef shape) {
  return at::empty(shape, at::kDouble).normal_(3, 2, generator(4));
}

} // namespace

TEST_CASE("windows count their positions", "[layers]") {
  CHECK(window{.size = 5}.positions(28) == 24);
  CHECK(window{.size = 5, .padding = 2}.positions(28) == 28);
  CHECK(window{.size = 2, .stride = 2}.positions(7) == 3);
  CHECK(window{.size = 3, .stride = 2, .padding = 1}.positions(32) == 16);
  CHECK(window{.size = 3}.positions(2) == 0);
}

TEST_CASE("a convolution slides its kernel", "[layers]") {
  layer_fixture x;
  conv2d conv{x.layout,
              "conv",
              {2, 4, 5},
              {.filters = 3, .kernel = {.size = 3, .stride = 1}}};
  x.fill(1);
  CHECK(conv.out().channels == 3);
  CHECK(conv.out().height == 2);
  CHECK(conv.out().width == 3);
  CHECK(conv.multiply_adds() == 3 * 2 * 3 * 2 * 9);
  // A kernel of ones adds up 2 x 3 x 3 ones, the bias one more.
  auto y = conv(x.pass(false), at::ones({1, 2, 4, 5}, at::kDouble));
  CHECK(at::equal(y, at::ones({1, 3, 2, 3}, at::kDouble) * 19));
}

TEST_CASE("a convolution without bias has one parameter", "[layers]") {
  layer_fixture x;
  conv2d conv{x.layout,
              "conv",
              {1, 3, 3},
              {.filters = 2, .kernel = {.size = 3}, .bias = false}};
  x.fill(2);
  REQUIRE(x.layout.entries().size() == 1);
  auto y = conv(x.pass(false), at::ones({1, 1, 3, 3}, at::kDouble));
  CHECK(at::equal(y, at::ones({1, 2, 1, 1}, at::kDouble) * 18));
}

TEST_CASE("training updates running statistics as torch does", "[layers]") {
  layer_fixture x;
  batch_norm norm{x.layout, "bn", 2};
  x.fill(1);
  CHECK(x.layout.buffers()[0].name == "bn.running_mean");
  CHECK(x.layout.buffers()[1].name == "bn.running_var");
  auto input = normal({4, 2, 3, 3});
  auto y = norm(x.pass(true), input);
  auto mean = input.mean({0, 2, 3});
  auto unbiased = input.transpose(0, 1).flatten(1).var(1, true);
  CHECK(at::allclose(x.buffers[0], mean * 0.1, 1e-12));
  CHECK(at::allclose(x.buffers[1], unbiased * 0.1 + 0.9, 1e-12));
  // The batch itself is normalized with the biased variance, then shifted.
  auto biased = input.transpose(0, 1).flatten(1).var(1, false);
  auto expected = (input - mean.view({1, 2, 1, 1}))
                    / (biased.view({1, 2, 1, 1}) + 1e-5).sqrt()
                  + 1;
  CHECK(at::allclose(y, expected, 1e-10, 1e-10));
}

TEST_CASE("evaluation reads running statistics only", "[layers]") {
  layer_fixture x;
  batch_norm norm{x.layout, "bn", 2};
  x.fill(1);
  x.buffers[0].fill_(5);
  x.buffers[1].fill_(4 - 1e-5);
  auto input = normal({1, 2, 1, 1});
  auto y = norm(x.pass(false), input);
  CHECK(at::allclose(y, (input - 5) / 2 + 1, 1e-12));
  CHECK(x.buffers[0][0].item<double>() == 5);
  CHECK(x.buffers[1][0].item<double>() == 4 - 1e-5);
}

TEST_CASE("batch normalization refuses to train on one value", "[layers]") {
  layer_fixture x;
  batch_norm norm{x.layout, "bn", 2};
  x.fill(1);
  CHECK_THROWS_AS(norm(x.pass(true), normal({1, 2, 1, 1})), input_error);
  CHECK_NOTHROW(norm(x.pass(true), normal({1, 2, 1, 2})));
}

TEST_CASE("group normalization levels each group of a sample", "[layers]") {
  layer_fixture x;
  group_norm norm{x.layout, "gn", 6, 3};
  x.fill(1);
  auto y = norm(x.pass(true), normal({2, 6, 4, 4}));
  auto groups = y.view({2, 3, -1}) - 1;
  auto zero = at::zeros({2, 3}, at::kDouble);
  CHECK(at::allclose(groups.mean(2), zero, 0, 1e-12));
  CHECK(at::allclose(groups.var(2, false), zero + 1, 1e-4));
}

TEST_CASE("dropout draws from the given generator only", "[layers]") {
  layer_fixture x;
  dropout drop{0.25};
  auto input = at::ones({100, 200}, at::kDouble);
  auto global = at::detail::getDefaultCPUGenerator();
  auto before = global.get_state();
  auto y = drop(x.pass(true, generator(9)), input);
  CHECK(at::equal(global.get_state(), before));
  CHECK(at::equal(y, drop(x.pass(true, generator(9)), input)));
  CHECK_FALSE(at::equal(y, drop(x.pass(true, generator(10)), input)));
  // A quarter is gone, and what is left grew so that the mean stays.
  auto kept = y.ne(0).to(at::kDouble).mean().item<double>();
  CHECK(std::abs(kept - 0.75) < 0.01);
  CHECK(y.max().item<double>() == Approx(1 / 0.75));
  CHECK(at::equal(input, at::ones({100, 200}, at::kDouble)));
}

TEST_CASE("channel dropout keeps or drops a channel whole", "[layers]") {
  layer_fixture x;
  dropout drop{0.25, dropout::unit::channel};
  auto y
    = drop(x.pass(true, generator(9)), at::ones({50, 40, 3, 2}, at::kDouble));
  auto channels = y.flatten(2);
  CHECK(at::equal(channels.amin(2), channels.amax(2)));
  auto kept = channels.amax(2).ne(0).to(at::kDouble).mean().item<double>();
  CHECK(std::abs(kept - 0.75) < 0.03);
  CHECK(y.max().item<double>() == Approx(1 / 0.75));
}

TEST_CASE("dropout passes everything when it has nothing to drop", "[layers]") {
  layer_fixture x;
  auto input = normal({3, 3});
  CHECK(dropout{0.5}(x.pass(false), input).is_same(input));
  CHECK(dropout{0}(x.pass(true), input).is_same(input));
}

TEST_CASE("dropout without a generator is refused", "[layers]") {
  layer_fixture x;
  CHECK_THROWS_AS(dropout{0.5}(x.pass(true), normal({3, 3})), caps::error);
}
