// Nodes that die, stop, leave, come back and join, on the virtual clock.

#include "tests/support/catch.hpp"

#include "runtime/recording/verify.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

using namespace caps;
using namespace caps::test;

namespace {

using list = std::vector<std::string>;

/// Five nodes of which each has other data.
list five_nodes(const list& more) {
  list result{"nodes.count=5", "data.groups=5", "recording.level=payloads"};
  result.insert(result.end(), more.begin(), more.end());
  return result;
}

/// What a run tells of its views.
class view_keeper_observer final : public run_observer {
public:
  void on_view(const view_row& x) override { views.push_back(x); }

  void on_snapshot(const node_snapshot& x) override {
    if (x.final)
      steps[x.stamp.source] = x.stamp.step;
  }

  std::vector<view_row> views;
  /// Of those who ended by themselves.
  std::map<node_id, int64_t> steps;
};

struct seen_run {
  run_end end;
  std::vector<view_row> views;
  std::map<node_id, int64_t> steps;
};

seen_run run(const list& settings) {
  auto plan = small_plan(settings);
  view_keeper_observer seen;
  auto end = run_virtual(plan, {}, seen);
  return {end, seen.views, seen.steps};
}

std::vector<node_id> ids(std::initializer_list<node_id> xs) {
  return xs;
}

/// Sound besides.
void check_sound(const recorded_run& run) {
  recording_file file{run.file};
  CHECK(verify(file).events == run.outcome.events);
  check_replays(run);
}

} // namespace

TEST_CASE("whatever befalls a node, all protocols go on", "[membership]") {
  auto protocol
    = GENERATE("dsgd", "gossip_sgd", "pdmm_sgd", "admm_sgd", "pdmm_isvr",
               "admm_isvr", "c_admm", "push_sum", "choco_sgd", "d_squared",
               "gradient_tracking", "sync_sgd", "async_sgd");
  auto fault = GENERATE(
    R"(fault=[{kind="restart", node=3, at="63ms", for="40ms"}])",
    R"(fault=[{kind="pause", node=2, at="63ms", for="80ms"}])",
    R"(fault=[{kind="leave", node=4, at="63ms"}])",
    R"(fault=[{kind="join", node=4, at="63ms"}])",
    R"(fault=[{kind="crash", node=1, at="63ms"}])",
    R"(fault=[{kind="partition", nodes=[0, 1], at="63ms", for="80ms"}])",
    R"(fault=[{kind="partition", link=[1, 2], at="63ms", for="80ms"}])");
  INFO(protocol << " " << fault);
  temporary_folder folder;
  auto settings
    = five_nodes({fmt::format("protocol.name={}", protocol), fault,
                  "membership.views=true", "membership.deadline=30ms"});
  if (std::string_view{protocol} == "admm_isvr")
    settings.emplace_back("protocol.piw=1");
  if (std::string_view{protocol} == "d_squared")
    settings.emplace_back("topology.lazy=true");
  auto one = record(folder / "one.caps", settings, 1);
  CHECK(one.end.text == "");
  check_sound(one);
  auto two = record(folder / "two.caps", settings, 2);
  CHECK(one.weights == two.weights);
  for (auto table : {"event", "metric", "note", "payload"}) {
    INFO(table);
    CHECK(contents(one, table) == contents(two, table));
  }
}

TEST_CASE("all nodes enter a view after the same update", "[membership]") {
  auto seen = run(
    five_nodes({R"(fault=[{kind="restart", node=3, at="63ms", for="40ms"}])"}));
  CHECK(seen.end.text == "");
  REQUIRE(seen.views.size() == 2);
  CHECK(seen.views[0].number == 1);
  CHECK(seen.views[0].living == ids({0, 1, 2, 4}));
  CHECK(seen.views[0].cause == "node 3 crashed");
  CHECK(seen.views[1].living == ids({0, 1, 2, 3, 4}));
  CHECK(seen.views[1].cause == "node 3 is back");
  // Six updates were made; after the next one each waits for the view, which
  // holds from the one after it.
  CHECK(seen.views[0].from_step == 8);
  CHECK(seen.views[1].from_step > seen.views[0].from_step);
  for (node_id id = 0; id < 5; ++id)
    CHECK(seen.steps[id] == 24);
}

TEST_CASE("a pause that is shorter than the deadline is none", "[membership]") {
  auto calm = run(five_nodes({"membership.views=true"}));
  auto seen = run(
    five_nodes({R"(fault=[{kind="pause", node=3, at="63ms", for="40ms"}])",
                "membership.deadline=50ms"}));
  CHECK(seen.end.text == "");
  CHECK(seen.views.empty());
  CHECK(seen.steps == calm.steps);
}

TEST_CASE("a node that is silent for too long comes back when it can",
          "[membership]") {
  auto seen = run(
    five_nodes({R"(fault=[{kind="pause", node=3, at="63ms", for="80ms"}])",
                "membership.deadline=50ms"}));
  CHECK(seen.end.text == "");
  REQUIRE(seen.views.size() == 2);
  CHECK(seen.views[0].cause == "node 3 has said nothing for 50ms");
  CHECK(seen.views[1].cause == "node 3 is back");
  CHECK(seen.steps[3] == 24);
}

TEST_CASE("whoever leaves has ended, whoever joins begins with the others",
          "[membership]") {
  auto seen = run(five_nodes({R"(fault=[{kind="leave", node=0, at="63ms"},
                                        {kind="join", node=2, at="103ms"}])"}));
  CHECK(seen.end.text == "");
  REQUIRE(seen.views.size() == 2);
  CHECK(seen.views[0].living == ids({1, 3, 4}));
  CHECK(seen.views[1].living == ids({1, 2, 3, 4}));
  CHECK(seen.views[1].cause == "node 2 is new");
  CHECK(seen.steps[0] == seen.views[0].from_step);
  for (node_id id = 1; id < 5; ++id)
    CHECK(seen.steps[id] == 24);
}

TEST_CASE("faults during the recovery of others", "[membership]") {
  auto faults = GENERATE(
    // Another one while all are asked; the donor while it sends; all but two.
    R"({node=1, at="63ms"}, {node=2, at="63.001ms"})",
    R"({kind="restart", node=3, at="63ms", for="20ms"},
       {kind="restart", node=2, at="83ms", for="20ms"},
       {kind="restart", node=4, at="84ms", for="20ms"})",
    R"({kind="restart", node=3, at="63ms", for="20ms"}, {node=2, at="91ms"})",
    R"({node=1, at="63ms"}, {node=2, at="70ms"}, {node=3, at="85ms"})",
    R"({kind="pause", node=3, at="61ms", for="90ms"},
       {kind="restart", node=3, at="75ms", for="40ms"})",
    R"({kind="pause", node=1, at="63ms", for="70ms"}, {node=2, at="100ms"})");
  INFO(faults);
  temporary_folder folder;
  auto settings
    = five_nodes({fmt::format("fault=[{}]", faults), "membership.views=true",
                  "membership.deadline=30ms"});
  auto one = record(folder / "one.caps", settings, 1);
  CHECK(one.end.text == "");
  check_sound(one);
}

TEST_CASE("a run with too few nodes ends and says so", "[membership]") {
  auto seen = run(five_nodes(
    {R"(fault=[{nodes=[0, 1, 2], at="63ms"}])", "membership.min_nodes=3"}));
  CHECK(seen.end.code == exit_code::lost);
  CHECK_THAT(seen.end.text,
             Catch::Contains("2 nodes are left, membership.min_nodes is 3"));
}

TEST_CASE("a run ends with those who are there", "[membership]") {
  // Node 3 would come back long after the others have finished.
  auto seen = run(
    five_nodes({R"(fault=[{kind="restart", node=3, at="63ms", for="10s"}])"}));
  CHECK(seen.end.text == "");
  CHECK(seen.steps[0] == 24);
}

TEST_CASE("views that nobody needs change nothing", "[membership]") {
  auto protocol = GENERATE("dsgd", "pdmm_sgd", "push_sum", "async_sgd");
  temporary_folder folder;
  list settings{fmt::format("protocol.name={}", protocol)};
  auto without = record(folder / "without.caps", settings, 1);
  settings.emplace_back("membership.views=true");
  auto with = record(folder / "with.caps", settings, 1);
  CHECK(with.end.text == "");
  CHECK(without.weights == with.weights);
  CHECK(contents(without, "event") == contents(with, "event"));
}

TEST_CASE("faults that make no sense are refused", "[membership]") {
  auto [settings, text] = GENERATE(table<std::string, std::string>({
    {R"(fault=[{kind="restart", node=1, at="1ms"}])", "a restart has an end"},
    {R"(fault=[{kind="crash", node=7, at="1ms"}])", "there is no node 7"},
    {R"(fault=[{kind="crash", node=1, at="1ms", for="2ms"}])",
     "crash has no end"},
    {R"(fault=[{kind="heal", nodes=[1], at="1ms"}])", "all partitions end"},
    {R"(fault=[{kind="restart", for="1ms", rate="often"}])", "is no rate"},
    {R"(fault=[{kind="join", node=1, rate="1 per 30s"}])",
     "only what befalls single nodes"},
    {R"(membership.deadline="2s")", "there are no views"},
  }));
  INFO(settings);
  CHECK_THROWS_WITH(small_plan({settings}), Catch::Contains(text));
}
