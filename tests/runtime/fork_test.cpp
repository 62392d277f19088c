#include "tests/support/catch.hpp"

#include "runtime/components/components.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/recording_diff.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/stored_state.hpp"
#include "runtime/recording/verify.hpp"
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

} // namespace

TEST_CASE("a fork that changes nothing is the run itself", "[fork]") {
  using list = std::vector<std::string>;
  const list lossy{"link.drop=0.05",     "link.duplicate=0.05",
                   "link.latency=4ms",   "link.jitter=3ms",
                   "link.bandwidth=1e5", "swaps.timeout=40ms"};
  auto settings = GENERATE_COPY(
    list{"recording.level=payloads", "evaluation.rounds=1"},
    list{"protocol.name=async_sgd", "link.drop=0.05", "link.latency=1ms",
         "link.jitter=1ms", "swaps.timeout=40ms"},
    list{"protocol.name=sync_sgd", "protocol.compressor=caps",
         "protocol.values=half", "link.latency=4ms"},
    list{"protocol.name=sync_sgd", "protocol.servers=2",
         "node=[{id=1,step_time='17ms'}]"},
    list{"protocol.name=pdmm_sgd", "evaluation.rounds=1",
         "node=[{id=1,step_time='17ms'}]", "link.latency=4ms"},
    list{"protocol.name=push_sum", "swaps.timeout=40ms"},
    list{"data={name='synthetic', train=96, height=4, width=4}",
         "model={name='mlp', hidden=[4], batch_norm=true, dtype='float64'}",
         "training.buffers=averaged", "protocol.name=gossip_sgd"},
    list{"data={name='synthetic', train=96, height=4, width=4}",
         "model={name='mlp', hidden=[4], batch_norm=true, dtype='float64'}",
         "training.buffers=averaged", "protocol.name=push_sum"},
    list{"protocol.name=choco_sgd", "link.reorder=0.2",
         "link.reorder_delay=9ms"},
    list{"swaps.timeout=30ms", "fault=[{node=1, at='110ms'}]"},
    list{"swaps.timeout=30ms", "fault=[{node=1, at='190ms'}]"},
    list{"optimizer.name=adam", "optimizer.lr=0.01", "model.dtype=float32"},
    list{"compute.delay=5ms", "compute.delay_std=2ms"});
  if (GENERATE(false, true))
    settings.insert(settings.end(), lossy.begin(), lossy.end());
  INFO(fmt::format("{}", fmt::join(settings, " ")));
  temporary_folder folder;
  auto run = record(folder / "run.caps", settings, 1);
  auto at = run.outcome.events * GENERATE(3, 5, 8, 10) / 10;
  INFO(run.end.text << " at " << at << " of " << run.outcome.events);
  auto same = fork(run, folder / "same.caps", at, {});
  CHECK(same.end.text == run.end.text);
  CHECK(same.weights == run.weights);
  CHECK(same.bytes_sent == run.bytes_sent);
  for (auto table :
       {"meta", "node", "event", "metric", "note", "snapshot", "payload"}) {
    INFO(table);
    CHECK(contents(same, table) == contents(run, table));
  }
  if (run.end.text.empty() && 10 * at >= 8 * run.outcome.events)
    CHECK(same.from > at / 4);
}

TEST_CASE("a fork goes on from a state as it does from the start", "[fork]") {
  auto setting
    = GENERATE("optimizer.lr=0.001", "link.latency=7ms", "link.drop=0.5",
               "fault=[{node=1, at='0s'}]", "schedule.kind='exponential'");
  INFO(setting);
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {"swaps.timeout=50ms", "link.latency=2ms"}, 1);
  auto one = fork(run, folder / "one.caps", 130, {setting});
  auto other
    = fork(run, folder / "other.caps", 130, {setting}, fork_start::first_event);
  CHECK(one.from > 0);
  CHECK(other.from == 0);
  CHECK(one.weights == other.weights);
  for (auto table :
       {"meta", "node", "event", "metric", "note", "snapshot", "payload"}) {
    INFO(table);
    CHECK(contents(one, table) == contents(other, table));
  }
  recording_file sound{one.file};
  CHECK(verify(sound).events == one.outcome.events);
  // Where states hold changes.
  auto again = fork(one, folder / "again.caps", one.outcome.events, {});
  CHECK(again.from > 130);
  CHECK(contents(again, "event") == contents(one, "event"));
  CHECK(contents(again, "snapshot") == contents(one, "snapshot"));
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
  auto [before, setting]
    = GENERATE(std::pair{std::vector<std::string>{"protocol.name=pdmm_sgd"},
                         "protocol.eta=3.5"},
               std::pair{std::vector<std::string>{"protocol.name=c_admm",
                                                  "protocol.mu=2000"},
                         "protocol.rho=2"},
               std::pair{std::vector<std::string>{"protocol.name=choco_sgd"},
                         "protocol.step_size=0.1"},
               std::pair{std::vector<std::string>{"protocol.name=async_sgd"},
                         "protocol.compensation=0.1"},
               std::pair{std::vector<std::string>{
                           "protocol.name=sync_sgd", "protocol.compressor=caps",
                           "protocol.detection=random", "protocol.sample=0.5"},
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
  auto other
    = fork(run, folder / "other.caps", 60, {"fault=[{node=1, at='0s'}]"});
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

TEST_CASE("a state of another configuration is refused", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"optimizer.name=adam"}, 1);
  recording_file file{run.file};
  auto state = state_before(file, run.outcome.events);
  REQUIRE(state);
  run_settings settings;
  settings.from = &*state;
  auto refusal = [&](const std::vector<std::string>& other) -> std::string {
    auto plan = small_plan(other);
    run_observer nobody;
    try {
      run_virtual(plan, settings, nobody);
    } catch (const input_error& e) {
      return e.what();
    }
    return "";
  };
  auto position = std::to_string(state->position);
  CHECK_THAT(refusal({"optimizer.name=sgd"}),
             contains("the state after event " + position
                      + ", node 0, does not hold 'optimizer."));
  CHECK_THAT(refusal({"optimizer.name=adam", "nodes.count=4"}),
             contains("of 3 nodes, expected 4"));
  CHECK_THAT(refusal({"optimizer.name=adam", "data.features=8"}),
             contains("node 0"));
  CHECK(refusal({"optimizer.name=adam"}) == "");
}

TEST_CASE("a state knows links that became ideal", "[fork]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {"link.latency=7ms", "link.jitter=5ms",
                     "compute.step_time_std=3ms", "protocol.name=async_sgd",
                     "training.epochs=8"},
                    1);
  auto ideal = fork(run, folder / "ideal.caps", 50,
                    {"link.latency=0s", "link.jitter=0s"});
  auto late = ideal.outcome.events * 9 / 10;
  auto one = fork(ideal, folder / "one.caps", late, {"link.jitter=2ms"});
  auto other = fork(ideal, folder / "other.caps", late, {"link.jitter=2ms"},
                    fork_start::first_event);
  CHECK(one.from > 50);
  CHECK(contents(one, "event") == contents(other, "event"));
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
