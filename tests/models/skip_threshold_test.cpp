#include "tests/support/catch.hpp"

#include "models/consensus/skip_threshold.hpp"
#include "models/errors.hpp"

#include <cmath>
#include <vector>

namespace {

using metrics = std::vector<double>;

const caps::skip_threshold_options options{.unchange_rate = 10,
                                           .adjust_rate = 2,
                                           .lower_bound = 5,
                                           .max_bound = 13,
                                           .scheduling_freq = 5,
                                           .history_length = 3};

} // namespace

TEST_CASE("a metric that rose raises the threshold", "[skip_threshold]") {
  CHECK(caps::next_threshold(options, 10, metrics{1, 2, 3}) == 12);
  CHECK(caps::next_threshold(options, 10, metrics{3, 1, 2}) == 12);
  CHECK(caps::next_threshold(options, 10, metrics{3, NAN, 2}) == 12);
  CHECK(caps::next_threshold(options, 12, metrics{1, 2, 3}) == 13);
}

TEST_CASE("a metric that never rose lowers it", "[skip_threshold]") {
  CHECK(caps::next_threshold(options, 10, metrics{3, 2, 2}) == 8);
  // The rise lies before the history.
  CHECK(caps::next_threshold(options, 10, metrics{1, 3, 2, 1}) == 8);
  CHECK(caps::next_threshold(options, 10, metrics{}) == 8);
  CHECK(caps::next_threshold(options, 6, metrics{3, 2, 1}) == 5);
}

TEST_CASE("adjustments come every few steps", "[skip_threshold]") {
  CHECK_FALSE(caps::adjusts_at(options, 0));
  CHECK_FALSE(caps::adjusts_at(options, 4));
  CHECK(caps::adjusts_at(options, 5));
  CHECK(caps::adjusts_at(options, 10));
}

TEST_CASE("threshold options are checked", "[skip_threshold]") {
  CHECK_NOTHROW(caps::check(options));
  CHECK_NOTHROW(caps::check(caps::skip_threshold_options{}));
  auto refuse = [](auto change, const char* why) {
    auto bad = options;
    change(bad);
    CHECK_THROWS_WITH(caps::check(bad), contains(why));
  };
  refuse([](auto& x) { x.unchange_rate = 101; }, "unchange_rate is 101");
  refuse([](auto& x) { x.adjust_rate = -1; }, "adjust_rate is -1");
  refuse([](auto& x) { x.lower_bound = NAN; }, "lower_bound is nan");
  refuse([](auto& x) { x.lower_bound = 20; }, "lower_bound 20 is above");
  refuse([](auto& x) { x.scheduling_freq = 0; }, "scheduling_freq is 0");
  refuse([](auto& x) { x.history_length = 0; }, "history_length is 0");
}
