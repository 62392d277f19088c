#include "tests/support/catch.hpp"

#include "actors/node/view_keeper.hpp"

using namespace caps;

namespace {

using verdict = view_keeper::verdict;

/// Node 1 of a ring of three.
node_config middle() {
  node_config result;
  result.id = 1;
  result.in_neighbours = {{0, 0.25}, {2, 0.25}};
  result.out_neighbours = {0, 2};
  return result;
}

message_stamp sent_by(node_id source, uint64_t view) {
  return {source, 0, view * view_keeper::numbers_per_view + 5, 0};
}

node_view view(int64_t number, int64_t from_step,
               const std::vector<node_id>& neighbours,
               const std::vector<node_id>& renewed = {}) {
  node_view x;
  x.number = number;
  x.from_step = from_step;
  for (auto id : neighbours)
    x.in.push_back({id, 0.5});
  x.out = neighbours;
  x.renewed = renewed;
  return x;
}

} // namespace

TEST_CASE("a node goes no farther than it has promised", "[view_keeper]") {
  view_keeper views;
  CHECK_FALSE(views.holds(100));
  CHECK(views.promise(1, 5) == 5);
  CHECK_FALSE(views.holds(4));
  CHECK(views.holds(5));
  // Asked again for the same view, it says the same.
  CHECK(views.promise(1, 8) == 5);
  // The view in question sets it free.
  views.add(view(1, 6, {0}));
  CHECK_FALSE(views.holds(6));
  CHECK_FALSE(views.take_next(5));
  CHECK(views.take_next(6));
  CHECK_FALSE(views.take_next(7));
}

TEST_CASE("a message counts in the view it was sent in", "[view_keeper]") {
  view_keeper views;
  auto own = middle();
  CHECK(views.judge(sent_by(0, 0), own, false) == verdict::take);
  CHECK(views.judge(sent_by(0, 1), own, false) == verdict::keep);
  // Node 2 is gone, then back.
  auto lost = views.enter(view(1, 3, {0}), own);
  CHECK((lost.in == edge_changes::positions{0}));
  CHECK(views.judge(sent_by(0, 0), own, false) == verdict::take);
  CHECK(views.judge(sent_by(2, 0), own, false) == verdict::drop);
  auto back = views.enter(view(2, 9, {0, 2}), own);
  CHECK((back.in == edge_changes::positions{0, std::nullopt}));
  CHECK((back.out == edge_changes::positions{0, std::nullopt}));
  CHECK(own.in_neighbours.size() == 2);
  CHECK(own.in_neighbours[1].weight == 0.5);
  // What it said before it was gone is no part of the new edge.
  CHECK(views.judge(sent_by(2, 0), own, false) == verdict::drop);
  CHECK(views.judge(sent_by(2, 2), own, false) == verdict::take);
  CHECK(views.judge(sent_by(0, 0), own, false) == verdict::take);
}

TEST_CASE("an edge to a node that was away begins anew", "[view_keeper]") {
  view_keeper views;
  auto own = middle();
  auto changes = views.enter(view(1, 3, {0, 2}, {2}), own);
  CHECK((changes.in == edge_changes::positions{0, std::nullopt}));
  CHECK((changes.out == edge_changes::positions{0, std::nullopt}));
}

TEST_CASE("a node that waits to begin keeps what is for its view",
          "[view_keeper]") {
  view_keeper views;
  auto own = middle();
  CHECK(views.judge(sent_by(0, 3), own, true) == verdict::drop);
  auto first = view(3, 7, {0, 2});
  first.begins = true;
  // It needs none of those before.
  views.add(view(2, 5, {0}));
  views.add(first);
  REQUIRE(views.beginning() != nullptr);
  CHECK(views.beginning()->number == 3);
  CHECK(views.judge(sent_by(0, 2), own, true) == verdict::drop);
  CHECK(views.judge(sent_by(0, 3), own, true) == verdict::keep);
  views.clear();
  CHECK(views.beginning() == nullptr);
}
