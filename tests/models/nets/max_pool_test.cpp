#include "tests/support/catch.hpp"

#include "models/nets/max_pool.hpp"
#include "models/nets/net_builder.hpp"
#include "tests/models/nets/support.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/relu.h>

#include <cmath>
#include <limits>

using namespace caps;
using namespace caps::test;

namespace {

constexpr window halving{.size = 2, .stride = 2};

/// Same numbers, NaN being the same as NaN.
bool same(const at::Tensor& x, const at::Tensor& y) {
  return x.sizes() == y.sizes()
         && ((x == y) | ((x != x) & (y != y))).all().item<bool>();
}

struct result {
  at::Tensor values;
  at::Tensor derivative;
};

/// What `pool` makes of `x`, and of a derivative that differs everywhere.
template <class Pool>
result apply(const at::Tensor& x, Pool pool) {
  at::AutoGradMode with_grad{true};
  auto input = x.detach().clone();
  input.set_requires_grad(true);
  auto y = pool(input);
  auto slope = at::empty(y.sizes(), input.options().requires_grad(false))
                 .normal_(0, 1, generator(8));
  (y * slope).sum().backward();
  return {y.detach(), input.grad()};
}

/// Ours and LibTorch's are the same.
void check_pool(const at::Tensor& x, const window& how) {
  INFO("pictures of " << x.size(2) << " x " << x.size(3));
  auto ours = apply(x, [&](const at::Tensor& in) { return max_pool(in, how); });
  auto theirs = apply(x, [&](const at::Tensor& in) {
    return at::max_pool2d(in, {how.size, how.size}, {how.stride, how.stride},
                          {how.padding, how.padding});
  });
  CHECK(same(ours.values, theirs.values));
  CHECK(same(ours.derivative, theirs.derivative));
  at::NoGradGuard no_grad;
  CHECK(same(max_pool(x, how), theirs.values));
}

at::Tensor normal(at::IntArrayRef shape, at::ScalarType type) {
  return at::empty(shape, type).normal_(0, 1, generator(3));
}

} // namespace

TEST_CASE("pooling agrees with LibTorch for pictures of any size",
          "[max_pool]") {
  for (auto type : {at::kFloat, at::kDouble})
    for (int64_t height : {2, 3, 10})
      for (int64_t width = 2; width < 40; ++width)
        check_pool(normal({2, 3, height, width}, type), halving);
}

TEST_CASE("of equal numbers the first is the largest", "[max_pool]") {
  for (auto type : {at::kFloat, at::kDouble}) {
    auto x = normal({4, 8, 9, 30}, type).mul_(2).round_();
    check_pool(x, halving);
    check_pool(x.fill_(0.5), halving);
  }
}

TEST_CASE("pooling agrees with LibTorch where numbers end", "[max_pool]") {
  constexpr auto infinity = std::numeric_limits<double>::infinity();
  for (auto type : {at::kFloat, at::kDouble}) {
    auto kind
      = at::empty({2, 3, 12, 18}, at::kLong).random_(0, 5, generator(6));
    auto x = normal({2, 3, 12, 18}, type);
    x.masked_fill_(kind == 1, infinity);
    x.masked_fill_(kind == 2, -infinity);
    x.masked_fill_(kind == 3, std::nan(""));
    check_pool(x, halving);
    check_pool(x.fill_(-infinity), halving);
  }
}

TEST_CASE("pooling reads numbers wherever they lie", "[max_pool]") {
  auto x = normal({5, 6, 8, 4}, at::kFloat);
  check_pool(x.transpose(2, 3), halving);
  check_pool(x.slice(1, 1, 4), halving);
  check_pool(x.contiguous(at::MemoryFormat::ChannelsLast), halving);
}

TEST_CASE("windows of other shapes pool as well", "[max_pool]") {
  auto x = normal({2, 3, 11, 13}, at::kDouble);
  check_pool(x, {.size = 3, .stride = 2, .padding = 1});
  check_pool(x, {.size = 2, .stride = 1});
  check_pool(x, {.size = 2, .stride = 2, .padding = 1});
}

TEST_CASE("a pooling that takes the place of a ReLU changes no number",
          "[max_pool]") {
  data_shape data{{1, 28, 28}, 10};
  instance node{make_net("lenet5", data)};
  batch sample{random_input(data, 8), random_target(data, 8)};
  auto found = compute_gradient(
    *node.model, {node.weights, node.gradient, node.buffers}, sample, {});
  // The same net as it is written down, ReLU first.
  at::AutoGradMode with_grad{true};
  auto weights = node.weights.detach().clone();
  weights.set_requires_grad(true);
  auto w = parameter_views(node.model->layout(), weights);
  for (size_t i = 0; i < w.size(); ++i)
    w[i] = weights
             .narrow(0, node.model->layout().entries()[i].offset, w[i].numel())
             .view(w[i].sizes());
  auto x = at::relu(at::conv2d(sample.input, w[0], w[1], 1, 2));
  x = at::relu(at::conv2d(at::max_pool2d(x, 2), w[2], w[3]));
  x = at::max_pool2d(x, 2).flatten(1);
  x = at::relu(at::linear(x, w[4], w[5]));
  x = at::relu(at::linear(x, w[6], w[7]));
  auto loss = at::cross_entropy_loss(at::linear(x, w[8], w[9]), sample.target);
  loss.backward();
  CHECK(found.loss == loss.item<double>());
  CHECK(at::equal(node.gradient, weights.grad()));
}

TEST_CASE("a ReLU of one branch is none of the other", "[max_pool]") {
  data_shape data{{2, 8, 8}, 3};
  net_builder b{"branches", data};
  b.relu();
  b.sum([](net_builder& x) { x.max_pool(halving); },
        [](net_builder& x) { x.relu().max_pool(halving).relu(); });
  b.max_pool(halving).flatten();
  b.linear("fc", 3);
  instance node{b.finish()};
  auto input = random_input(data, 4);
  auto once = at::max_pool2d(at::relu(input), 2);
  auto expected = at::max_pool2d(once + once, 2).flatten(1);
  auto w = parameter_views(node.model->layout(), node.weights);
  CHECK(at::equal(node.forward(input), at::linear(expected, w[0], w[1])));
}
