#include "tests/support/catch.hpp"

#include "actors/membership/fault_schedule.hpp"

#include "messages/types.hpp"

#include <map>

using namespace caps;

namespace {

using namespace std::chrono_literals;

fault crash_of(node_id node, fault::duration at) {
  fault result;
  result.nodes = {node};
  result.at = at;
  return result;
}

/// One of four nodes, once a second.
fault storm() {
  fault result;
  result.kind = fault_kind::restart;
  result.nodes = {0, 1, 2, 3};
  result.at = 10s;
  result.lasts = 1ms;
  result.gap = 1s;
  return result;
}

} // namespace

TEST_CASE("faults come by time, then as they are written", "[fault_schedule]") {
  fault_schedule all{{crash_of(2, 5s), crash_of(1, 3s), crash_of(0, 5s)}, 1};
  REQUIRE(all.next() == fault::duration{3s});
  CHECK(all.take().nodes.front() == 1);
  CHECK(all.take().nodes.front() == 2);
  CHECK(all.next() == fault::duration{5s});
  CHECK(all.take().nodes.front() == 0);
  CHECK_FALSE(all.next());
}

TEST_CASE("random faults come at their rate, from the seed",
          "[fault_schedule]") {
  constexpr int count = 4000;
  fault_schedule one{{storm()}, 7}, same{{storm()}, 7}, other{{storm()}, 8};
  std::map<node_id, int> befallen;
  fault::duration last{0};
  int differ = 0;
  for (int i = 0; i < count; ++i) {
    auto x = one.take();
    auto y = same.take();
    REQUIRE(x.at == y.at);
    REQUIRE(x.nodes == y.nodes);
    REQUIRE(x.at >= last);
    REQUIRE(x.nodes.size() == 1);
    REQUIRE(x.lasts == fault::duration{1ms});
    REQUIRE_FALSE(x.gap);
    differ += other.take().at != x.at ? 1 : 0;
    ++befallen[x.nodes.front()];
    last = x.at;
  }
  CHECK(differ > count - 10);
  // Five standard deviations.
  CHECK(std::chrono::duration<double>{last - 10s}.count()
        == Approx(count).margin(5 * 63.2));
  for (node_id id = 0; id < 4; ++id)
    CHECK(befallen[id] == Approx(count / 4.).margin(5 * 27.4));
}

TEST_CASE("single faults come between random ones", "[fault_schedule]") {
  fault_schedule all{{storm(), crash_of(3, 12s)}, 7};
  fault::duration last{0};
  bool seen = false;
  for (int i = 0; i < 20; ++i) {
    auto next = all.next();
    auto x = all.take();
    CHECK(x.at == next);
    CHECK(x.at >= last);
    last = x.at;
    seen |= x.kind == fault_kind::crash;
  }
  CHECK(seen);
}
