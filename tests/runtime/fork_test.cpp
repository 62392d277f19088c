#include "tests/support/catch.hpp"

#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/recording_diff.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/scenario/components.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>

using namespace caps;
using namespace caps::test;

namespace {

recording_diff diff_of(const recorded_run& x, const recorded_run& y) {
  recording_file a{x.file};
  recording_file b{y.file};
  return diff(a, b);
}

/// Runs a recording again, forks included.
void check_replays(const recorded_run& run) {
  recording_file file{run.file};
  auto known = built_in_components();
  auto plan = plan_of(file, known);
  auto report = check_replay(file, plan, {});
  INFO(report.text());
  CHECK_FALSE(report.first);
  CHECK(report.events == run.outcome.events);
  // And event by event.
  auto other = plan_of(file, known);
  rerun again{other, 1, counts_of(file, other)};
  event_rows rows{file};
  for (event_row x; rows.next(x);) {
    auto found = again.handle(x);
    INFO((found ? found->text() : ""));
    REQUIRE_FALSE(found);
  }
}

} // namespace

TEST_CASE("a fork that changes nothing is the run itself", "[fork]") {
  auto settings
    = GENERATE(std::vector<std::string>{"recording.level=payloads"},
               std::vector<std::string>{
                 "protocol.name=async_sgd", "link.drop=0.05",
                 "link.latency=1ms", "link.jitter=1ms", "swaps.timeout=40ms"});
  temporary_folder folder;
  auto run = record(folder / "run.caps", settings, 1);
  REQUIRE(run.end.text == "");
  auto same = fork(run, folder / "same.caps", 70, {});
  REQUIRE(same.end.text == "");
  CHECK(same.weights == run.weights);
  for (auto table :
       {"meta", "node", "event", "metric", "note", "snapshot", "payload"}) {
    INFO(table);
    CHECK(contents(same, table) == contents(run, table));
  }
  auto x = diff_of(run, same);
  CHECK(x.same_events());
  CHECK(x.equal == run.outcome.events);
}

TEST_CASE("a fork parts from its run after the event", "[fork]") {
  auto setting
    = GENERATE("optimizer.lr=0.001", "optimizer.momentum=0.9",
               "link.latency=7ms", "link.drop=0.5", "compute.step_time='25ms'",
               "node=[{id=1,step_time='40ms'}]", "schedule.kind='exponential'");
  INFO(setting);
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"swaps.timeout=100ms"}, 1);
  REQUIRE(run.end.text == "");
  auto other = fork(run, folder / "other.caps", 70, {setting});
  REQUIRE(other.end.text == "");
  auto x = diff_of(run, other);
  INFO(x.text());
  CHECK(x.equal >= 70);
  REQUIRE_FALSE(x.same_events());
  CHECK(x.equal < 90);
  check_replays(other);
}

TEST_CASE("a fork may go on with other options of its protocol", "[fork]") {
  auto [before, setting] = GENERATE(
    std::pair{std::vector<std::string>{"protocol.name=pdmm_sgd"},
              "protocol.eta=3.5"},
    std::pair{std::vector<std::string>{"protocol.name=c_admm",
                                       "protocol.mu=2000"},
              "protocol.rho=2"},
    std::pair{std::vector<std::string>{"protocol.name=choco_sgd"},
              "protocol.step_size=0.1"},
    std::pair{std::vector<std::string>{"protocol.name=async_sgd"},
              "protocol.compensation=0.1"},
    std::pair{std::vector<std::string>{"protocol.name=sync_sgd",
                                       "protocol.compressor=caps",
                                       "protocol.detection=random",
                                       "protocol.sample=0.5"},
              "protocol.round_factor=0"});
  INFO(before.front());
  temporary_folder folder;
  before.emplace_back("link.latency=3ms");
  auto run = record(folder / "run.caps", before, 1);
  REQUIRE(run.end.text == "");
  auto other = fork(run, folder / "other.caps", 60, {setting});
  REQUIRE(other.end.text == "");
  auto x = diff_of(run, other);
  CHECK(x.equal >= 60);
  CHECK_FALSE(x.same_events());
  check_replays(other);
  // To take up what one has already changes nothing.
  auto same = fork(other, folder / "same.caps", 90, {setting});
  CHECK(diff_of(other, same).same_events());
}

TEST_CASE("a fork may go on without a node", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"swaps.timeout=100ms"}, 1);
  auto other = fork(run, folder / "other.caps", 60,
                    {"fault=[{node=1, at='0s'}]"});
  REQUIRE(other.end.text == "");
  CHECK(diff_of(run, other).equal >= 60);
  int64_t last_of_1 = 0;
  for (const auto& x : events_of(other))
    if (x.destination == 1)
      last_of_1 = x.sequence;
  CHECK(last_of_1 >= 60);
  CHECK(last_of_1 < 75);
  CHECK(other.outcome.events > 100);
  check_replays(other);
}

TEST_CASE("a fork may keep a node that crashed", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {"swaps.timeout=100ms", "fault=[{node=1, at='80ms'}]"}, 1);
  CHECK_FALSE(run.weights.contains(1));
  auto setting = GENERATE("fault=[]", "fault=[{node=1, at='1h'}]");
  auto other = fork(run, folder / "other.caps", 30, {setting});
  REQUIRE(other.end.text == "");
  CHECK(other.weights.contains(1));
  check_replays(other);
}

TEST_CASE("a fork can be forked", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"swaps.timeout=100ms"}, 1);
  auto one = fork(run, folder / "one.caps", 50, {"optimizer.lr=0.001"});
  auto two = fork(one, folder / "two.caps", 100, {"link.latency=3ms"});
  REQUIRE(two.end.text == "");
  check_replays(two);
  CHECK(diff_of(run, two).equal >= 50);
  CHECK(diff_of(one, two).equal >= 100);
  CHECK_FALSE(diff_of(one, two).same_events());
  recording_file file{two.file};
  CHECK(file.meta("changes")
        == R"([{"after":50,"set":["optimizer.lr=0.001"]},)"
           R"({"after":100,"set":["link.latency=3ms"]}])");
  // Before its change, it is as if that had not been.
  auto back = fork(two, folder / "back.caps", 40, {});
  CHECK(diff_of(run, back).same_events());
}

TEST_CASE("a fork meets the learning rate of its settings", "[fork]") {
  // With the step size 0 from there on, and no memory, nothing moves any more.
  temporary_folder folder;
  auto run
    = record(folder / "run.caps", {"nodes.count=1", "optimizer.momentum=0"}, 1);
  auto events = events_of(run);
  auto other = fork(run, folder / "other.caps", 12, {"optimizer.lr=0"});
  for (const auto& x : events_of(other))
    if (x.sequence > 13)
      REQUIRE(x.state == events_of(other)[12].state);
}

TEST_CASE("what cannot change in the course of a run is refused", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {}, 1);
  auto problem = [&](int64_t after, const std::string& setting) {
    try {
      fork(run, folder / "no.caps", after, {setting});
    } catch (const input_error& e) {
      return std::string{e.what()};
    }
    return std::string{};
  };
  CHECK_THAT(problem(10, "model.name=lenet5"),
             contains("cannot change in the course of a run"));
  CHECK_THAT(problem(10, " topology . kind = 'ring'"),
             contains("only keys of [compute]"));
  CHECK_THAT(problem(10, "protocol.name=gossip_sgd"),
             contains("protocol.name: cannot change"));
  auto unfit = fork(run, folder / "no.caps", 10, {"protocol.compressor=caps"});
  CHECK(unfit.end.code == exit_code::failure);
  CHECK_THAT(unfit.end.text,
             contains("cannot change like this") && contains("node 0"));
  CHECK_THAT(problem(10, "link.drop=0\n[model]\nname='lenet5'"),
             contains("cannot change in the course of a run"));
  CHECK_THAT(problem(10, "optimizer.name=adam"), contains("optimizer.name"));
  CHECK_THAT(problem(10, "link.drop=2"), contains("link.drop"));
  CHECK_THAT(problem(0, "link.drop=1"), contains("has events 1 to"));
  CHECK_THAT(problem(run.outcome.events + 1, "link.drop=1"),
             contains("has events 1 to"));
  auto real = record(folder / "real.caps", {"clock.kind=real"}, 1);
  CHECK_THROWS_WITH(fork(real, folder / "no.caps", 10, {}),
                    contains("need the virtual clock"));
}

TEST_CASE("a difference of two recordings is told with its event and curves",
          "[fork]") {
  temporary_folder folder;
  auto a = record(folder / "a.caps", {}, 1);
  auto b = record(folder / "b.caps", {"training.epochs=3"}, 1);
  auto x = diff_of(a, b);
  // The shorter run ends where the longer one goes on.
  CHECK(x.equal >= b.outcome.events - 6);
  REQUIRE_FALSE(x.same_events());
  REQUIRE(x.metrics.at("train_loss").size() == 4);
  const auto& last = x.metrics.at("train_loss").back();
  CHECK(last.a);
  CHECK_FALSE(last.b);
  const auto& first = x.metrics.at("train_loss").front();
  CHECK(first.a == first.b);
  CHECK_THAT(x.text(), contains("epoch 4"));
  CHECK_THAT(x.json(), contains("\"equal_events\""));
}
