#include "tests/support/catch.hpp"

#include "actors/links/swap_schedule.hpp"
#include "tests/support/set_options.hpp"

#include <map>

using caps::swap_schedule;

namespace {

using lists = std::vector<std::vector<int64_t>>;

const lists ring5{{1, 4}, {0, 2}, {1, 3}, {2, 4}, {0, 3}};
const lists full4{{1, 2, 3}, {0, 2, 3}, {0, 1, 3}, {0, 1, 2}};

/// Whether `from` sends to `to`, whatever type their numbers are of.
template <class A, class B>
bool due(const swap_schedule& x, int64_t step, A from, B to) {
  return x.due(step, static_cast<caps::node_id>(from),
               static_cast<caps::node_id>(to));
}

std::shared_ptr<const swap_schedule>
make(const std::string& kind, const lists& out,
     const caps::test::option_values& options = {}, uint64_t seed = 1) {
  return caps::test::configured(caps::built_in_swap_schedules(), kind, options)
    ->make({out, false, seed});
}

/// Whom each node talks to after a step.
lists partners(const swap_schedule& x, const lists& out, int64_t step) {
  lists result(out.size());
  for (size_t i = 0; i < out.size(); ++i)
    for (auto j : out[i])
      if (due(x, step, i, j))
        result[i].push_back(j);
  return result;
}

/// Both ends of an edge agree on the step.
void check_both_ways(const swap_schedule& x, const lists& out) {
  for (int64_t step = 0; step < 50; ++step)
    for (size_t i = 0; i < out.size(); ++i)
      for (auto j : out[i])
        REQUIRE(due(x, step, i, j) == due(x, step, j, i));
}

} // namespace

TEST_CASE("every_step swaps all edges", "[swap_schedule]") {
  auto x = make("every_step", ring5);
  CHECK(x->round() == 1);
  CHECK(!x->one_peer());
  for (int64_t step : {0, 1, 17})
    CHECK(partners(*x, ring5, step) == ring5);
}

TEST_CASE("a round swaps every edge once", "[swap_schedule]") {
  for (int64_t steps : {1, 3, 8}) {
    auto x = make("round", ring5, {{"steps", steps}});
    CHECK(x->round() == steps);
    check_both_ways(*x, ring5);
    for (int64_t round = 0; round < 3; ++round)
      for (size_t i = 0; i < ring5.size(); ++i)
        for (auto j : ring5[i]) {
          int64_t count = 0;
          for (int64_t step = 0; step < steps; ++step)
            count += due(*x, round * steps + step, i, j);
          CHECK(count == 1);
        }
  }
}

TEST_CASE("the edges of a round swap where they are told", "[swap_schedule]") {
  lists chain{{1}, {0, 2}, {1}};
  auto x = make("round", chain,
                {{"steps", int64_t{4}},
                 {"positions", std::vector<int64_t>{0, 1, 3, 1, 2, 0}}});
  CHECK(partners(*x, chain, 0) == lists{{}, {2}, {1}});
  CHECK(partners(*x, chain, 1) == lists{{}, {}, {}});
  CHECK(partners(*x, chain, 3) == lists{{1}, {0}, {}});
  CHECK(partners(*x, chain, 7) == lists{{1}, {0}, {}});
  auto refuse = [&](std::vector<int64_t> positions, const std::string& what) {
    CHECK_THROWS_WITH(
      make("round", chain, {{"steps", int64_t{4}}, {"positions", positions}}),
      contains(what));
  };
  refuse({0, 1}, "three");
  refuse({0, 2, 1}, "no edge");
  refuse({0, 1, 4}, "4");
}

TEST_CASE("a rotation takes one neighbour after the other", "[swap_schedule]") {
  auto x = make("rotation", full4, {{"interval", int64_t{2}}});
  check_both_ways(*x, full4);
  for (int64_t step = 0; step < 24; step += 2)
    CHECK(partners(*x, full4, step) == lists(4));
  // In a whole turn every node calls every other one once, and both swap.
  for (int64_t first : {0, 6, 12}) {
    std::map<std::pair<size_t, int64_t>, int> times;
    for (int64_t step = first; step < first + 6; ++step) {
      auto pairs = partners(*x, full4, step);
      for (size_t i = 0; i < pairs.size(); ++i)
        for (auto j : pairs[i])
          ++times[{i, j}];
    }
    CHECK(times.size() == 12);
    for (auto [edge, count] : times)
      CHECK((count == 1 || count == 2));
  }
}

TEST_CASE("a random matching pairs nodes along edges", "[swap_schedule]") {
  auto x = make("random_matching", ring5);
  CHECK(x->one_peer());
  check_both_ways(*x, ring5);
  std::map<std::pair<size_t, int64_t>, int> times;
  for (int64_t step = 0; step < 200; ++step) {
    auto pairs = partners(*x, ring5, step);
    for (size_t i = 0; i < pairs.size(); ++i) {
      REQUIRE(pairs[i].size() <= 1);
      for (auto j : pairs[i])
        ++times[{i, j}];
    }
  }
  // All edges have their turn, about equally often.
  CHECK(times.size() == 10);
  for (auto [edge, count] : times)
    CHECK(count > 40);
  // The seed decides, not the order of asking.
  auto same = make("random_matching", ring5);
  auto other = make("random_matching", ring5, {}, 2);
  bool differs = false;
  for (int64_t step = 199; step >= 0; --step) {
    REQUIRE(partners(*same, ring5, step) == partners(*x, ring5, step));
    differs
      = differs || partners(*other, ring5, step) != partners(*x, ring5, step);
  }
  CHECK(differs);
}

TEST_CASE("one_peer_exponential doubles the distance", "[swap_schedule]") {
  lists out(8);
  for (int64_t i = 0; i < 8; ++i)
    for (int64_t hop : {1, 2, 4})
      out[static_cast<size_t>(i)].push_back((i + hop) % 8);
  for (auto& xs : out)
    std::ranges::sort(xs);
  auto known = caps::built_in_swap_schedules();
  auto x = known.at("one_peer_exponential").recipe()->make({out, true, 1});
  CHECK(x->one_peer());
  for (int64_t step = 0; step < 7; ++step)
    for (int64_t i = 0; i < 8; ++i) {
      auto expected = (i + (int64_t{1} << (step % 3))) % 8;
      for (auto j : out[static_cast<size_t>(i)])
        CHECK(due(*x, step, i, j) == (j == expected));
    }
}
