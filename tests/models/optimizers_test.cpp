// What holds for every optimizer of the registry; the numbers of each are
// held against golden trajectories in reference_test.cpp.

#include "tests/support/catch.hpp"
#include "tests/support/memory_state.hpp"
#include "tests/support/set_options.hpp"

#include "models/consensus/averaging.hpp"
#include "models/optim/optimizer.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/equal.h>

#include <map>

namespace {

std::shared_ptr<const caps::parameter_layout> example_layout() {
  auto result = std::make_shared<caps::parameter_layout>();
  result->add("a.weight", {60, 50}, caps::parameter_kind::weight);
  result->add("a.bias", {60}, caps::parameter_kind::bias);
  result->add("b.weight", {7}, caps::parameter_kind::norm_weight);
  result->add("b.bias", {7}, caps::parameter_kind::norm_bias);
  return result;
}

const auto layout = example_layout();
constexpr int64_t weights = 3000;

at::Tensor wave(int phase, at::ScalarType dtype) {
  return at::arange(layout->numel(), at::kDouble)
    .mul(0.37)
    .add(phase)
    .sin()
    .to(dtype);
}

using option_values = caps::test::option_values;

struct variant {
  const char* name;
  option_values values;
};

/// Every optimizer in every mode that takes another path.
const std::vector<variant> variants{
  {"sgd", {}},
  {"sgd", {{"momentum", 0.9}, {"dampening", 0.1}, {"weight_decay", 0.1}}},
  {"sgd", {{"momentum", 0.9}, {"nesterov", true}}},
  {"adam", {{"weight_decay", 0.1}}},
  {"adam", {{"amsgrad", true}}},
  {"adamw", {}},
  {"lars", {{"weight_decay", 0.1}}},
  {"lars", {{"momentum", 0.0}, {"weights_only", true}}},
};

std::unique_ptr<caps::optimizer> make(const variant& x,
                                      at::ScalarType dtype = at::kDouble) {
  return caps::test::configured(caps::built_in_optimizers(), x.name, x.values)
    ->make(layout, dtype);
}

} // namespace

TEST_CASE("optimizers give the same bits in place and elsewhere",
          "[optimizers]") {
  for (const auto& x : variants) {
    INFO(x.name);
    auto in_place = make(x);
    auto elsewhere = make(x);
    auto w = wave(0, at::kFloat);
    auto v = w.clone();
    for (int step = 1; step <= 3; ++step) {
      auto g = wave(step, at::kFloat);
      in_place->step(w, g, w);
      auto next = at::empty_like(v);
      elsewhere->step(v, g, next);
      v = next;
    }
    CHECK(at::equal(w, v));
  }
}

TEST_CASE("optimizers work in every precision", "[optimizers]") {
  // Half precision takes the path of devices: tensor operations.
  auto dtype = GENERATE(at::kFloat, at::kBFloat16);
  auto tolerance = dtype == at::kFloat ? 1e-5 : 0.1;
  for (const auto& x : variants) {
    INFO(x.name);
    auto coarse = make(x, dtype);
    auto fine = make(x);
    auto w = wave(0, dtype);
    auto v = w.to(at::kDouble);
    for (int step = 1; step <= 3; ++step) {
      auto g = wave(step, dtype);
      coarse->step(w, g, w);
      fine->step(v, g.to(at::kDouble), v);
    }
    CHECK(w.to(at::kDouble).sub(v).abs().max().item<double>() < tolerance);
  }
}

TEST_CASE("a restored optimizer goes on bit-exactly", "[optimizers]") {
  for (const auto& x : variants) {
    INFO(x.name);
    auto original = make(x);
    auto w = wave(0, at::kFloat);
    auto step = [&](caps::optimizer& subject, const at::Tensor& at, int k) {
      subject.step(at, wave(k, at::kFloat), at);
    };
    for (int k = 1; k <= 3; ++k)
      step(*original, w, k);
    original->learning_rate(0.003);
    caps::test::memory_state saved;
    saved.save(*original);
    auto restored = make(x);
    saved.load(*restored);
    CHECK(restored->learning_rate() == 0.003);
    auto v = w.clone();
    for (int k = 4; k <= 6; ++k) {
      step(*original, w, k);
      step(*restored, v, k);
    }
    CHECK(at::equal(w, v));
  }
}

TEST_CASE("the learning rate can change between steps", "[optimizers]") {
  for (const auto& x : variants) {
    INFO(x.name);
    auto subject = make(x);
    auto w = wave(0, at::kDouble);
    subject->step(w, wave(1, at::kDouble), w);
    auto before = w.clone();
    subject->learning_rate(0);
    subject->step(w, wave(2, at::kDouble), w);
    // Only the momentum of LARS holds learning rates of the past.
    if (x.values.empty() || std::string{x.name} != "lars")
      CHECK(at::equal(w, before));
  }
}

TEST_CASE("biases and norms can be left out of decay", "[optimizers]") {
  for (auto name : {"sgd", "adam", "adamw"}) {
    INFO(name);
    auto run = [&](double decay, bool weights_only) {
      auto subject = make(
        {name,
         {{"weight_decay", decay}, {"decay_weights_only", weights_only}}});
      auto w = wave(0, at::kDouble);
      for (int k = 1; k <= 3; ++k)
        subject->step(w, wave(k, at::kDouble), w);
      return w;
    };
    auto partly = run(0.5, true);
    auto fully = run(0.5, false);
    auto never = run(0, false);
    CHECK(at::equal(partly.slice(0, 0, weights), fully.slice(0, 0, weights)));
    CHECK(at::equal(partly.slice(0, weights), never.slice(0, weights)));
    CHECK_FALSE(at::equal(fully.slice(0, weights), never.slice(0, weights)));
  }
}

TEST_CASE("lars leaves out biases and norms", "[optimizers]") {
  auto lars = make({"lars",
                    {{"lr", 0.1},
                     {"momentum", 0.0},
                     {"weight_decay", 0.5},
                     {"weights_only", true}}});
  auto sgd = make({"sgd", {{"lr", 0.1}}});
  auto w = wave(0, at::kDouble);
  auto v = w.clone();
  lars->step(w, wave(1, at::kDouble), w);
  sgd->step(v, wave(1, at::kDouble), v);
  CHECK(at::equal(w.slice(0, weights), v.slice(0, weights)));
  CHECK_FALSE(at::equal(w.slice(0, 0, weights), v.slice(0, 0, weights)));
}

TEST_CASE("lars takes plain steps where a norm says nothing", "[optimizers]") {
  auto w = wave(0, at::kDouble);
  auto g = wave(1, at::kDouble);
  g.slice(0, weights, weights + 60).zero_();      // a.bias
  w.slice(0, weights + 60, weights + 67).zero_(); // b.weight
  g[weights + 70] = INFINITY;                     // b.bias
  auto v = w.clone();
  make({"lars", {{"lr", 0.1}, {"momentum", 0.0}}})->step(w, g, w);
  make({"sgd", {{"lr", 0.1}}})->step(v, g, v);
  CHECK(at::equal(w.slice(0, weights), v.slice(0, weights)));
  CHECK_FALSE(w.isnan().any().item<bool>());
}

TEST_CASE("lars notices when its weights were changed", "[optimizers]") {
  // One subject steps in place and so knows the norms of what it wrote, the
  // other gets a fresh tensor every time and never does.
  auto dtype = GENERATE(at::kFloat, at::kDouble);
  auto knowing = make({"lars", {}});
  auto unknowing = make({"lars", {}});
  auto w = wave(0, dtype);
  auto v = w.clone();
  for (int k = 1; k <= 8; ++k) {
    auto g = wave(k, dtype);
    knowing->step(w, g, w);
    v = v.clone();
    unknowing->step(v, g, v);
    REQUIRE(at::equal(w, v));
    std::vector<at::Tensor> received{wave(k + 10, dtype)};
    if (k % 4 == 1) { // by a rule
      caps::average_uniformly(w, received, w);
      caps::average_uniformly(v, received, v);
    } else if (k % 4 == 2) { // by a tensor operation on a view
      w.slice(0, 5, 900).mul_(1.5);
      v.slice(0, 5, 900).mul_(1.5);
    } else if (k % 4 == 3) { // by another tensor in its place
      w = w.mul(1.25);
      v = v.mul(1.25);
    }
  }
}

TEST_CASE("lars does not lend out its weights", "[optimizers]") {
  auto subject = make({"lars", {}});
  auto w = wave(0, at::kFloat);
  subject->step(w, wave(1, at::kFloat), w);
  CHECK(w.use_count() == 1);
}

TEST_CASE("options out of range are refused", "[optimizers]") {
  auto refuse
    = [](const variant& x) { CHECK_THROWS_AS(make(x), caps::input_error); };
  refuse({"sgd", {{"lr", -0.1}}});
  refuse({"sgd", {{"momentum", 1.0}}});
  refuse({"sgd", {{"lr", NAN}}});
  refuse({"sgd", {{"nesterov", true}}});
  refuse({"adam", {{"beta2", 1.0}}});
  refuse({"adam", {{"eps", 0.0}}});
  refuse({"lars", {{"trust", 0.0}}});
}

TEST_CASE("optimizers refuse vectors of another net", "[optimizers]") {
  for (const auto& x : variants) {
    INFO(x.name);
    auto short_one = wave(0, at::kFloat).slice(0, 0, 100).clone();
    CHECK_THROWS_AS(make(x)->step(short_one, short_one, short_one),
                    caps::error);
  }
}
