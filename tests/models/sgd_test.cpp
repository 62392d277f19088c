#include "tests/support/catch.hpp"

#include "models/optim/sgd.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/sin.h>

#include <vector>

namespace {

/// What torch.optim.SGD documents, one element at a time.
struct plain_sgd {
  caps::sgd_options options;
  std::vector<double> velocity;

  void step(std::vector<double>& w, const std::vector<double>& g) {
    auto first = velocity.empty();
    velocity.resize(w.size());
    for (size_t i = 0; i < w.size(); ++i) {
      auto d = g[i] + options.weight_decay * w[i];
      auto& v = velocity[i];
      if (options.momentum != 0) {
        v = first ? d : options.momentum * v + (1 - options.dampening) * d;
        d = options.nesterov ? d + options.momentum * v : v;
      }
      w[i] -= options.learning_rate * d;
    }
  }
};

caps::parameter_layout layout() {
  caps::parameter_layout result;
  result.add("a.weight", {100, 10}, caps::parameter_kind::weight);
  result.add("a.bias", {1}, caps::parameter_kind::bias);
  result.add("b.weight", {2}, caps::parameter_kind::norm_weight);
  return result;
}

at::Tensor wave(double phase, at::ScalarType dtype, int64_t n = 1003) {
  return at::sin(at::arange(n, at::kDouble).mul(0.37).add(phase)).to(dtype);
}

std::vector<double> numbers(const at::Tensor& x) {
  auto y = x.to(at::kDouble);
  return {y.data_ptr<double>(), y.data_ptr<double>() + y.numel()};
}

void check_close(const at::Tensor& x, const std::vector<double>& expected,
                 double tolerance) {
  auto got = numbers(x);
  REQUIRE(got.size() == expected.size());
  double worst = 0;
  for (size_t i = 0; i < got.size(); ++i)
    worst = std::max(worst, std::abs(got[i] - expected[i]));
  CHECK(worst <= tolerance);
}

} // namespace

TEST_CASE("sgd follows torch's definition", "[sgd]") {
  auto options = GENERATE(
    caps::sgd_options{.learning_rate = 0.1},
    caps::sgd_options{.learning_rate = 0.1, .weight_decay = 0.01},
    caps::sgd_options{.learning_rate = 0.1, .momentum = 0.9},
    caps::sgd_options{.learning_rate = 0.1, .momentum = 0.5, .dampening = 0.2},
    caps::sgd_options{.learning_rate = 0.1,
                      .momentum = 0.9,
                      .weight_decay = 0.05,
                      .nesterov = true});
  // The half type takes the path of devices: tensor operations.
  auto dtype = GENERATE(at::kDouble, at::kFloat, at::kBFloat16);
  auto tolerance = dtype == at::kDouble  ? 1e-14
                   : dtype == at::kFloat ? 1e-6
                                         : 0.05;
  caps::sgd subject{options, layout()};
  plain_sgd reference{options, {}};
  auto w = wave(0, dtype);
  auto expected = numbers(w);
  for (int step = 1; step <= 4; ++step) {
    auto g = wave(step, dtype);
    subject.step(w, g, w);
    reference.step(expected, numbers(g));
    check_close(w, expected, tolerance);
  }
}

TEST_CASE("sgd gives the same bits in place and elsewhere", "[sgd]") {
  caps::sgd_options options{
    .learning_rate = 0.1, .momentum = 0.9, .weight_decay = 1e-3};
  caps::sgd in_place{options, layout()};
  caps::sgd elsewhere{options, layout()};
  auto w = wave(0, at::kFloat);
  auto x = w.clone();
  for (int step = 0; step < 3; ++step) {
    auto g = wave(step, at::kFloat);
    in_place.step(w, g, w);
    auto next = at::empty_like(x);
    auto before = x.clone();
    elsewhere.step(x, g, next);
    CHECK(at::equal(x, before));
    x = next;
  }
  CHECK(at::equal(w, x));
}

TEST_CASE("sgd refuses options that do not fit together", "[sgd]") {
  CHECK_THROWS_AS((caps::sgd{{.nesterov = true}, layout()}), caps::input_error);
  CHECK_THROWS_AS(
    (caps::sgd{{.momentum = 0.9, .dampening = 0.1, .nesterov = true},
               layout()}),
    caps::input_error);
}

TEST_CASE("sgd refuses vectors that do not fit", "[sgd]") {
  caps::sgd subject{{.momentum = 0.9}, layout()};
  auto w = wave(0, at::kFloat);
  CHECK_THROWS_AS(subject.step(w, wave(0, at::kFloat, 7), w), caps::error);
  CHECK_THROWS_AS(subject.step(w, wave(0, at::kDouble), w), caps::error);
  CHECK_THROWS_AS(subject.step(w, w.view({17, 59}), w), caps::error);
}

TEST_CASE("sgd can leave biases and norms out of decay", "[sgd]") {
  auto momentum = GENERATE(0.0, 0.9);
  caps::sgd_options options{.learning_rate = 0.1,
                            .momentum = momentum,
                            .weight_decay = 0.5,
                            .decay_weights_only = true};
  caps::sgd partly{options, layout()};
  options.decay_weights_only = false;
  caps::sgd fully{options, layout()};
  options.weight_decay = 0;
  caps::sgd never{options, layout()};
  auto w = wave(0, at::kDouble);
  auto g = wave(1, at::kDouble);
  auto result = w.clone(), decayed = w.clone(), plain = w.clone();
  for (int step = 0; step < 3; ++step) {
    partly.step(result, g, result);
    fully.step(decayed, g, decayed);
    never.step(plain, g, plain);
  }
  CHECK(at::equal(result.slice(0, 0, 1000), decayed.slice(0, 0, 1000)));
  CHECK(at::equal(result.slice(0, 1000), plain.slice(0, 1000)));
}
