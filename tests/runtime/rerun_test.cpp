#include "tests/support/catch.hpp"

#include "models/checkpoint/checksums.hpp"
#include "runtime/components/components.hpp"
#include "runtime/recording/event_check.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/rerun_states.hpp"
#include "runtime/recording/verify.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace caps;
using namespace caps::test;

namespace {

replay_report replay(const recorded_run& run, size_t threads = 2) {
  recording_file file{run.file};
  auto plan = plan_of(file, built_in_components());
  run_settings settings;
  settings.threads = threads;
  return check_replay(file, plan, settings);
}

int64_t digest_of(const at::Tensor& x) {
  return static_cast<int64_t>(
    checksum({static_cast<const std::byte*>(x.data_ptr()), x.nbytes()}));
}

} // namespace

TEST_CASE("a run on the virtual clock runs again as it was", "[rerun]") {
  auto settings = GENERATE(
    std::vector<std::string>{"protocol.name=dsgd"},
    std::vector<std::string>{"protocol.name=gossip_sgd", "swaps.kind=rotation"},
    std::vector<std::string>{"protocol.name=pdmm_isvr", "link.drop=0.1",
                             "link.latency=5ms", "link.jitter=5ms",
                             "link.duplicate=0.2", "swaps.timeout=40ms",
                             "swaps.max_missed=2"},
    std::vector<std::string>{"protocol.name=choco_sgd"},
    std::vector<std::string>{"protocol.name=sync_sgd", "protocol.servers=2"},
    std::vector<std::string>{"protocol.name=async_sgd", "nodes.count=5",
                             "compute.step_time_std=3ms",
                             "protocol.compensation=0.1"});
  INFO(settings.front());
  temporary_folder folder;
  auto run = record(folder / "run.caps", settings, 2);
  REQUIRE(run.end.text == "");
  auto report = replay(run);
  INFO(report.text());
  CHECK_FALSE(report.first);
  CHECK(report.events == run.outcome.events);
}

TEST_CASE("new nodes go on where the old ones were", "[rerun]") {
  auto settings = GENERATE(
    std::vector<std::string>{"protocol.name=dsgd", "swaps.step=async_step"},
    std::vector<std::string>{"protocol.name=dsgd", "protocol.compressor=caps",
                             "protocol.round_factor=2"},
    std::vector<std::string>{"protocol.name=dsgd", "protocol.mix=fresh",
                             "protocol.compressor=top_k",
                             "protocol.values=half"},
    std::vector<std::string>{"protocol.name=gossip_sgd", "swaps.kind=rotation"},
    std::vector<std::string>{"protocol.name=pdmm_isvr", "link.drop=0.1",
                             "link.duplicate=0.2", "swaps.timeout=40ms",
                             "swaps.max_missed=2"},
    std::vector<std::string>{"protocol.name=admm_sgd", "protocol.rho=0.1"},
    std::vector<std::string>{"protocol.name=c_admm", "protocol.mu=2000"},
    std::vector<std::string>{"protocol.name=push_sum", "optimizer.name=adam"},
    std::vector<std::string>{"protocol.name=choco_sgd",
                             "protocol.compressor=quantize8"},
    std::vector<std::string>{"protocol.name=d_squared", "topology.lazy=true"},
    std::vector<std::string>{"protocol.name=gradient_tracking"},
    std::vector<std::string>{"protocol.name=sync_sgd", "protocol.servers=2",
                             "protocol.backup_workers=1"},
    std::vector<std::string>{"protocol.name=sync_sgd",
                             "protocol.compressor=caps",
                             "protocol.compress_pulls=true"},
    std::vector<std::string>{"protocol.name=async_sgd",
                             "protocol.max_staleness=1",
                             "protocol.compensation=0.1"},
    std::vector<std::string>{"protocol.name=async_sgd", "schedule.kind=step",
                             "schedule.every=2", "clock.kind=real"});
  // Something is on its way all the time.
  for (auto own :
       {"link.latency=4ms", "link.jitter=3ms", "compute.step_time_std=3ms"})
    settings.emplace_back(own);
  INFO(fmt::format("{}", fmt::join(settings, " ")));
  temporary_folder folder;
  auto run = record(folder / "run.caps", settings, 2);
  REQUIRE(run.end.text == "");
  recording_file file{run.file};
  auto plan = plan_of(file, built_in_components());
  for (auto at : {int64_t{1}, file.last() / 3, file.last() / 2,
                  file.last() / 2 + 1, file.last() - 1, file.last()}) {
    auto report = check_resumed_replay(file, plan, {.threads = 2}, at);
    INFO("after event " << at << ": " << report.text());
    REQUIRE_FALSE(report.first);
    REQUIRE(report.events == run.outcome.events);
  }
  for (auto at : {int64_t{0}, file.last() + 1})
    CHECK_THROWS_WITH(check_resumed_replay(file, plan, {}, at),
                      contains("has events 1 to"));
}

TEST_CASE("a run on the real clock runs again in its recorded order",
          "[rerun]") {
  temporary_folder folder;
  for (int i = 0; i < 20; ++i) {
    auto run = record(folder / "run.caps",
                      {"clock.kind=real", "protocol.name=async_sgd",
                       "nodes.count=5", "optimizer.lr=0.0005"},
                      4);
    REQUIRE(run.end.text == "");
    auto report = replay(run);
    INFO("run " << i << ": " << report.text());
    REQUIRE_FALSE(report.first);
    REQUIRE(report.events == run.outcome.events);
  }
}

TEST_CASE("peers on the real clock run again with their lost messages",
          "[rerun]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {"clock.kind=real", "protocol.name=dsgd", "link.drop=0.1",
                     "link.latency=2ms", "link.jitter=2ms",
                     "link.duplicate=0.2", "swaps.timeout=20ms"},
                    4);
  REQUIRE(run.end.text == "");
  auto report = replay(run);
  INFO(report.text());
  CHECK_FALSE(report.first);
  CHECK(report.events == run.outcome.events);
}

TEST_CASE("the first event that differs is named, and the tensor", "[rerun]") {
  temporary_folder folder;
  auto clock = GENERATE("virtual", "real");
  auto run = record(folder / "run.caps",
                    {fmt::format("clock.kind={}", clock), "nodes.count=2"}, 1);
  REQUIRE(run.end.text == "");
  recording_file file{run.file};
  // Momentum has no say in the first update.
  auto plan = small_plan({"nodes.count=2", "optimizer.momentum=0.5001",
                          fmt::format("clock.kind={}", clock)});
  auto report = check_replay(file, plan, {});
  INFO(report.text());
  REQUIRE(report.first);
  CHECK(report.first->recorded.node_step == 2);
  CHECK(report.first->recorded.sequence == report.events + 1);
  REQUIRE(report.first->differences.size() == 1);
  CHECK(report.first->differences.front().substr(0, 6) == "state:");
  REQUIRE(report.where);
  CHECK(report.where->tensor == plan.model->layout().entries().front().name);
  CHECK(report.where->largest > 0);
  CHECK(report.where->largest < 1e-3);
  CHECK(report.where->sequence > report.first->recorded.sequence);
}

TEST_CASE("nodes can be looked at after every event", "[rerun]") {
  temporary_folder folder;
  auto clock = GENERATE("virtual", "real");
  auto run
    = record(folder / "run.caps",
             {fmt::format("clock.kind={}", clock), "protocol.name=async_sgd",
              "link.drop=0.05", "link.latency=1ms", "swaps.timeout=40ms"},
             2);
  REQUIRE(run.end.text == "");
  recording_file file{run.file};
  auto plan = plan_of(file, built_in_components());
  rerun again{plan, 1, rerun_facts_of(file, plan)};
  event_rows rows{file};
  std::map<node_id, int64_t> expected;
  for (event_row x; rows.next(x);) {
    auto waiting = again.position() > 0 ? again.inbox(x.destination)
                                        : std::vector<rerun::pending>{};
    auto found = again.handle(x);
    INFO((found ? found->text() : ""));
    REQUIRE_FALSE(found);
    REQUIRE(again.position() == x.sequence);
    // What is handled next was on its way, unless the node made it itself.
    if (x.source >= 0 && x.source != x.destination)
      REQUIRE(std::ranges::any_of(waiting, [&](const rerun::pending& y) {
        return y.kind == x.kind && y.message == x.message && y.cause == x.cause;
      }));
    if (x.state)
      expected[x.destination] = *x.state;
    auto& node = again.at(x.destination);
    REQUIRE(node.step() == x.node_step);
    if (expected.contains(x.destination))
      REQUIRE(digest_of(node.parameters().weights().read())
              == expected[x.destination]);
    if (x.kind == event_kind::gradient_ready)
      REQUIRE(digest_of(node.parameters().gradient().read()) == x.digest);
  }
  CHECK(again.position() == run.outcome.events);
}

TEST_CASE("states are found at every event, forwards and backwards",
          "[rerun]") {
  // A kilobyte remembers a few states, and the rest is run again.
  auto memory = GENERATE(size_t{1} << 30, size_t{1000});
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"training.epochs=2"}, 1);
  recording_file file{run.file};
  auto plan = plan_of(file, built_in_components());
  // Snapshots often, now and then, and never.
  auto [snapshot_memory, between] = GENERATE(
    std::pair<size_t, int64_t>{1 << 20, 2}, std::pair<size_t, int64_t>{8000, 1},
    std::pair<size_t, int64_t>{0, 1'000'000});
  rerun_states states{file, plan, {2, memory, snapshot_memory, between}};
  auto digest_at = [&](int64_t node, int64_t position) {
    auto found = states.find(state_kind::weights, node, position);
    REQUIRE(found);
    REQUIRE(found->exact);
    REQUIRE(found->parts.size() == 1);
    const auto& values = found->parts.front().values;
    return static_cast<int64_t>(checksum(std::as_bytes(std::span{values})));
  };
  auto events = events_of(run);
  auto check = [&](const event_row& x) {
    if (!x.state)
      return;
    INFO("event " << x.sequence);
    REQUIRE(digest_at(x.destination, x.sequence) == *x.state);
    REQUIRE(digest_at(x.destination, x.sequence - 1) != *x.state);
    auto gradient
      = states.find(state_kind::gradient, x.destination, x.sequence);
    REQUIRE(gradient->parts.front().values.size() == 7);
    auto optimizer
      = states.find(state_kind::optimizer, x.destination, x.sequence);
    REQUIRE(optimizer->parts.size() == 2);
    REQUIRE(optimizer->parts[0].name == "learning_rate");
    REQUIRE(optimizer->parts[0].values.at(0) == 0.002);
  };
  for (const auto& x : events)
    check(x);
  for (auto i = events.size(); i > 5; i -= 5)
    check(events[i - 1]);
  CHECK(states.find(state_kind::weights, 1, 0)->step == 0);
  CHECK(states.find(state_kind::weights, 1, 1'000'000)->step == 12);
  CHECK(states.inbox(0, events.back().sequence).empty());
}

TEST_CASE("a look at late events goes on from a state in the recording",
          "[rerun]") {
  auto settings = GENERATE(
    std::vector<std::string>{},
    std::vector<std::string>{"protocol.name=pdmm_isvr", "link.drop=0.1",
                             "link.latency=5ms", "link.jitter=5ms",
                             "link.duplicate=0.2", "swaps.timeout=40ms"},
    std::vector<std::string>{"protocol.name=async_sgd", "link.latency=3ms"});
  temporary_folder folder;
  auto run = record(folder / "run.caps", settings, 1);
  auto late = run.outcome.events * 9 / 10;
  struct view {
    std::vector<std::vector<double>> weights;
    std::vector<int64_t> sequences;
    std::vector<size_t> inboxes;
    bool operator==(const view&) const = default;
  };
  auto look = [&](const std::string& change) {
    auto copy = folder / "copy.caps";
    std::filesystem::copy_file(
      run.file, copy, std::filesystem::copy_options::overwrite_existing);
    SQLite::Database{copy.string(), SQLite::OPEN_READWRITE}.exec(change);
    recording_file file{copy};
    auto plan = plan_of(file, built_in_components());
    rerun_states states{file, plan, {}};
    view result;
    for (int64_t node = 0; node < 3; ++node) {
      auto found = states.find(state_kind::weights, node, late);
      result.weights.push_back(found->parts.front().values);
      result.sequences.push_back(found->sequence);
      result.inboxes.push_back(states.inbox(node, late).size());
    }
    return result;
  };
  // Whoever begins at the start stumbles over the third event.
  std::string trap = "UPDATE event SET node_step = 77 WHERE sequence = 3";
  std::string no_states = "DELETE FROM snapshot WHERE encoding LIKE "
                          "'safetensors%'";
  CHECK(look(trap) == look(no_states));
  CHECK_THROWS_WITH(look(trap + ";" + no_states),
                    contains("does not run as recorded"));
}

TEST_CASE("what was not recorded cannot be run again", "[rerun]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"recording.level=metrics"}, 1);
  recording_file file{run.file};
  CHECK_THROWS_WITH(plan_of(file, built_in_components()),
                    contains("holds no events (level \"metrics\")"));
}

TEST_CASE("the scenario of a recording is not trusted", "[rerun]") {
  temporary_folder folder;
  auto refused = [&](const std::string& scenario, const std::string& why) {
    auto run = record(folder / "run.caps", {}, 1);
    {
      SQLite::Database file{run.file.string(), SQLite::OPEN_READWRITE};
      SQLite::Statement put{
        file, "UPDATE meta SET value = ? || value WHERE key = 'scenario'"};
      put.bind(1, scenario);
      put.exec();
    }
    recording_file file{run.file};
    CHECK_THROWS_WITH(plan_of(file, built_in_components()), contains(why));
  };
  refused("include = '/etc/passwd'\n", "includes other files");
  refused("\"incl\\u0075de\" = '/etc/passwd'\n", "includes other files");
}
