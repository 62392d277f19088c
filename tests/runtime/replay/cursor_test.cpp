#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "runtime/replay/cursor.hpp"
#include "tests/runtime/replay/made_recording.hpp"

using namespace caps;
using namespace caps::test;

namespace {

/// A ring of 10 steps, of two a round and two an epoch.
struct fixture {
  fixture() {
    make_ring(made, 10);
    made.commit();
    file.emplace(made.file());
    place.emplace(*file);
  }

  made_recording made;
  std::optional<recording_file> file;
  std::optional<cursor> place;
};

/// The last gradient of step k (from 0), with which all have made it.
int64_t step_done(int64_t k) {
  return 3 + 9 * k + 3;
}

} // namespace

TEST_CASE_METHOD(fixture, "a cursor goes by events", "[cursor]") {
  CHECK(place->position() == 0);
  CHECK(place->time() == 0);
  CHECK(place->forward(5, stride::event));
  CHECK(place->position() == 5);
  CHECK(place->time() == 10'000'000);
  CHECK(place->back(2, stride::event));
  CHECK(place->position() == 3);
  CHECK_FALSE(place->back(4, stride::event));
  CHECK(place->position() == 0);
  CHECK_FALSE(place->forward(94, stride::event));
  CHECK(place->position() == 93);
  place->to_event(7);
  CHECK(place->position() == 7);
  CHECK_THROWS_WITH(place->to_event(94), contains("from 1 to 93"));
}

TEST_CASE_METHOD(fixture, "a cursor goes by steps", "[cursor]") {
  CHECK(place->forward(1, stride::step));
  CHECK(place->position() == 4);
  CHECK(place->forward(3, stride::step));
  CHECK(place->position() == 13);
  CHECK(place->back(1, stride::step));
  CHECK(place->position() == 6);
  place->to_event(8);
  CHECK(place->back(2, stride::step));
  CHECK(place->position() == 5);
  CHECK_FALSE(place->back(2, stride::step));
  CHECK(place->position() == 0);
  CHECK_FALSE(place->forward(31, stride::step));
  CHECK(place->position() == 93);
  place->to(3, stride::step);
  CHECK(place->position() == step_done(2));
}

TEST_CASE_METHOD(fixture, "a cursor goes by rounds", "[cursor]") {
  CHECK(place->steps_per_round() == 2);
  CHECK(place->forward(1, stride::round));
  CHECK(place->position() == step_done(1));
  CHECK(place->rounds() == 1);
  CHECK(place->forward(2, stride::event));
  CHECK(place->back(1, stride::round));
  CHECK(place->position() == step_done(1));
  CHECK(place->back(1, stride::round));
  CHECK(place->position() == 0);
  place->to(4, stride::round);
  CHECK(place->position() == step_done(7));
  CHECK(place->back(2, stride::round));
  CHECK(place->position() == step_done(3));
  CHECK_THROWS_WITH(place->to(6, stride::round),
                    contains("node 0 made only 10 steps"));
  CHECK_FALSE(place->forward(4, stride::round));
  CHECK(place->position() == 93);
}

TEST_CASE_METHOD(fixture, "a cursor goes by epochs", "[cursor]") {
  CHECK(place->forward(1, stride::epoch));
  CHECK(place->position() == 3 + 9 * 2);
  CHECK(place->epochs() == 1);
  CHECK(place->forward(2, stride::epoch));
  CHECK(place->position() == 3 + 9 * 6);
  CHECK(place->back(1, stride::event));
  CHECK(place->epochs() == 2);
  CHECK(place->back(1, stride::epoch));
  CHECK(place->position() == 3 + 9 * 4);
  place->to(5, stride::epoch);
  CHECK(place->position() == 93);
  CHECK_THROWS_WITH(place->to(6, stride::epoch), contains("the last are of 5"));
  CHECK_FALSE(place->back(7, stride::epoch));
  CHECK(place->position() == 0);
}

TEST_CASE_METHOD(fixture, "a cursor goes to a time", "[cursor]") {
  place->to_time(std::chrono::milliseconds{0});
  CHECK(place->position() == 3);
  place->to_time(std::chrono::milliseconds{10});
  CHECK(place->position() == 6);
  place->to_time(std::chrono::milliseconds{19});
  CHECK(place->position() == 12);
  place->to_time(std::chrono::hours{1});
  CHECK(place->position() == 93);
}

TEST_CASE_METHOD(fixture, "a cursor goes to where a condition is met",
                 "[cursor]") {
  event_question stale{*file,
                       {"kind = 'parameters' and staleness = 2", {}, {}}};
  CHECK(place->until(stale));
  CHECK(place->position() == 3 + 9 * 2 + 4);
  CHECK(place->until(stale));
  CHECK(place->position() == 3 + 9 * 2 + 5);
  CHECK(place->until_back(stale));
  CHECK_FALSE(place->until_back(stale));
  CHECK(place->position() == 3 + 9 * 2 + 4);
  event_question learned{*file, {"test_loss < 0.3", {}, {}}};
  CHECK(place->until(learned));
  CHECK(place->position() == 3 + 9 * 8);
}

TEST_CASE("nodes are where they were at any position", "[cursor]") {
  // More events than are read at a time.
  made_recording made;
  make_ring(made, 6000);
  made.commit();
  recording_file file{made.file()};
  node_index index{file};
  REQUIRE(file.events() > 3 * index.spacing());
  for (int64_t k : {5999, 0, 3000, 1819, 1820, 1821, 3640}) {
    INFO("step " << k);
    auto nodes = index.at(3 + 9 * k + 2);
    CHECK(nodes[0].step == k + 1);
    CHECK(nodes[1].step == k + 1);
    CHECK(nodes[1].sequence == 3 + 9 * k + 2);
    CHECK(nodes[2].step == k);
  }
  cursor place{file};
  place.to(4000, stride::step);
  CHECK(place.position() == 3 + 9 * 3999 + 3);
  CHECK(place.back(9000, stride::step));
  CHECK(place.position() == 3 + 9 * 999 + 3);
}
