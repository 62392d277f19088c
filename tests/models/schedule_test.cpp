#include "tests/support/catch.hpp"
#include "tests/support/set_options.hpp"

#include "models/optim/schedule.hpp"

#include <cmath>
#include <numbers>

namespace {

caps::schedule make(const char* name, caps::test::option_values values) {
  return caps::test::configured(caps::built_in_schedules(), name,
                                std::move(values))
    ->make();
}

using std::numbers::pi;

} // namespace

TEST_CASE("schedules follow their formulas", "[schedule]") {
  CHECK(make("constant", {}).rate(0.3, 1000) == 0.3);

  auto step = make("step", {{"every", int64_t{410}}, {"gamma", 0.9}});
  CHECK(step.rate(0.002, 0) == 0.002);
  CHECK(step.rate(0.002, 409) == 0.002);
  CHECK(step.rate(0.002, 410) == Approx(0.0018));
  CHECK(step.rate(0.002, 4100) == Approx(0.002 * std::pow(0.9, 10)));

  auto exponential = make("exponential", {{"gamma", 0.5}});
  CHECK(exponential.rate(0.8, 0) == 0.8);
  CHECK(exponential.rate(0.8, 3) == Approx(0.1));

  auto cosine = make("cosine", {{"length", int64_t{8}}, {"end", 0.2}});
  CHECK(cosine.rate(1, 0) == Approx(1));
  CHECK(cosine.rate(1, 2) == Approx(0.2 + 0.8 * (1 + std::cos(pi / 4)) / 2));
  CHECK(cosine.rate(1, 4) == Approx(0.6));
  CHECK(cosine.rate(1, 8) == Approx(0.2));
  CHECK(cosine.rate(1, 9) == Approx(0.2));

  auto polynomial = make(
    "polynomial", {{"length", int64_t{200}}, {"power", 2.0}, {"end", 0.0}});
  CHECK(polynomial.rate(0.1, 0) == 0.1);
  CHECK(polynomial.rate(0.1, 100) == Approx(0.025));
  CHECK(polynomial.rate(0.1, 200) == 0);
  CHECK(polynomial.rate(0.1, 300) == 0);
}

TEST_CASE("any schedule composes with a warm-up", "[schedule]") {
  // As published with LARS: x5 over 5 epochs, then polynomial.
  auto published = make("polynomial", {{"length", int64_t{195}},
                                       {"warmup", int64_t{5}},
                                       {"warmup_multiplier", 5.0}});
  for (int64_t epoch = 0; epoch <= 5; ++epoch)
    CHECK(published.rate(0.1, epoch)
          == Approx(0.1 * (1 + 4 * static_cast<double>(epoch) / 5)));
  CHECK(published.rate(0.1, 6) == Approx(0.5 * std::pow(1 - 1.0 / 195, 2)));
  CHECK(published.rate(0.1, 200) == 0);

  for (const auto& name : caps::built_in_schedules().names()) {
    auto plain = make(name.c_str(), {});
    auto warmed = make(name.c_str(),
                       {{"warmup", int64_t{10}}, {"warmup_multiplier", 3.0}});
    INFO(name);
    CHECK(warmed.rate(0.1, 0) == Approx(0.1));
    CHECK(warmed.rate(0.1, 5) == Approx(0.2));
    for (int64_t k : {0, 1, 17, 100})
      CHECK(warmed.rate(0.1, 10 + k) == Approx(plain.rate(0.3, k)));
  }
}

TEST_CASE("a warm-up rises from near 0 to the rate", "[schedule]") {
  auto usual = make("constant", {{"warmup", int64_t{5}}});
  for (int64_t t = 0; t <= 5; ++t)
    CHECK(usual.rate(0.1, t)
          == Approx(0.1 * (0.2 + 0.8 * static_cast<double>(t) / 5)));
  CHECK(usual.rate(0.1, 6) == 0.1);
  auto both = make("constant", {{"warmup", int64_t{4}},
                                {"warmup_start", 0.5},
                                {"warmup_multiplier", 2.0}});
  CHECK(both.rate(0.1, 0) == Approx(0.05));
  CHECK(both.rate(0.1, 2) == Approx(0.125));
  CHECK(both.rate(0.1, 4) == Approx(0.2));
}

TEST_CASE("a multiplier without a warm-up does nothing", "[schedule]") {
  CHECK(make("constant", {{"warmup_multiplier", 5.0}}).rate(0.1, 0) == 0.1);
}

TEST_CASE("schedules count epochs, rounds or steps", "[schedule]") {
  CHECK(make("constant", {}).unit() == caps::schedule_unit::epoch);
  auto unit_of = [](const char* name) {
    return make("cosine", {{"unit", std::string{name}}}).unit();
  };
  CHECK(unit_of("round") == caps::schedule_unit::round);
  CHECK(unit_of("step") == caps::schedule_unit::step);
  CHECK_THROWS_AS(unit_of("minute"), caps::input_error);
}

TEST_CASE("schedule options are checked", "[schedule]") {
  auto refuse = [](const char* name, caps::test::option_values values) {
    CHECK_THROWS_AS(make(name, std::move(values)), caps::input_error);
  };
  refuse("step", {{"every", int64_t{0}}});
  refuse("exponential", {{"gamma", 0.0}});
  refuse("cosine", {{"length", int64_t{0}}});
  refuse("polynomial", {{"power", NAN}});
  refuse("constant", {{"warmup", int64_t{-1}}});
  refuse("constant", {{"warmup_multiplier", 0.5}});
  refuse("linear", {});
}
