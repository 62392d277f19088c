#include "tests/support/catch.hpp"

#include "models/checkpoint/checksums.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>

#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

using namespace caps;
using namespace caps::test;

namespace {

int64_t count(const recorded_run& run, const std::string& what) {
  SQLite::Database file{run.file.string()};
  return file.execAndGet("SELECT count(*) FROM " + what).getInt64();
}

} // namespace

TEST_CASE("a run on the virtual clock is recorded the same twice",
          "[recording]") {
  auto settings = GENERATE(
    std::vector<std::string>{},
    std::vector<std::string>{"protocol.name=async_sgd", "protocol.servers=2",
                             "compute.step_time_std=2ms"},
    std::vector<std::string>{"protocol.name=pdmm_sgd", "link.drop=0.05",
                             "link.latency=2ms", "link.duplicate=0.1",
                             "swaps.timeout=50ms"});
  settings.push_back("recording.level=payloads");
  temporary_folder folder;
  auto one = record(folder / "one.caps", settings, 1);
  auto two = record(folder / "two.caps", settings, 3);
  REQUIRE(one.end.text == "");
  CHECK(one.outcome.failure == "");
  CHECK(one.outcome.events > 100);
  for (auto table :
       {"meta", "node", "event", "metric", "note", "snapshot", "payload"}) {
    INFO(table);
    auto rows = contents(one, table);
    if (std::string_view{table} != "note")
      CHECK(rows.size() > 0);
    CHECK(rows == contents(two, table));
  }
}

TEST_CASE("every cause comes before its effect, at its time", "[recording]") {
  auto clock = GENERATE("virtual", "real");
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {fmt::format("clock.kind={}", clock), "link.latency=3ms",
                     "protocol.name=async_sgd"},
                    2);
  REQUIRE(run.end.text == "");
  std::map<int64_t, event_row> rows;
  std::set<std::string> kinds;
  for (const auto& x : events_of(run)) {
    INFO("event " << x.sequence << ", " << x.kind);
    REQUIRE(x.sequence == static_cast<int64_t>(rows.size()) + 1);
    kinds.insert(x.kind);
    if (x.cause) {
      const auto& cause = rows.at(*x.cause);
      REQUIRE(x.sent == cause.time);
      REQUIRE(x.time >= cause.time);
      // What a node does to itself has its cause there, too.
      REQUIRE(cause.destination == x.source);
    } else {
      REQUIRE(x.kind == "start");
    }
    if (x.kind == "gradient")
      REQUIRE((x.staleness && *x.staleness >= 0 && x.loss));
    if (x.kind == "gradient_ready")
      REQUIRE((x.loss && x.norm && *x.norm > 0));
    rows[x.sequence] = x;
  }
  CHECK(kinds
        == std::set<std::string>{"start", "pull", "parameters", "gradient",
                                 "gradient_ready"});
  // Whoever adopts the parameters it was sent has the server's state.
  for (const auto& [sequence, x] : rows)
    if (x.kind == "parameters" && x.state)
      REQUIRE(rows.at(*x.cause).state.value_or(*x.state) == *x.state);
}

TEST_CASE("levels decide what is kept", "[recording]") {
  temporary_folder folder;
  auto level = [&](const std::string& name) {
    return record(folder / (name + ".caps"), {"recording.level=" + name}, 1);
  };
  auto metrics = level("metrics");
  CHECK(count(metrics, "event") == 0);
  CHECK(count(metrics, "snapshot") == 0);
  CHECK(count(metrics, "metric WHERE name = 'train_loss'") > 0);
  auto events = level("events");
  CHECK(count(events, "event") > 0);
  CHECK(count(events, "payload") == 0);
  // Three nodes: at the start, after each epoch.
  CHECK(count(events, "snapshot WHERE kind = 'parameters'") == 3 * (1 + 4));
  auto payloads = level("payloads");
  CHECK(count(payloads, "payload")
        == count(events, "event WHERE source >= 0 AND source <> destination"));
  CHECK(contents(events, "event") == contents(payloads, "event"));
  auto values = "(SELECT id, time, node, epoch, step, name, value FROM metric)";
  CHECK(contents(events, values) == contents(metrics, values));
}

TEST_CASE("recording changes nothing in a run", "[recording]") {
  temporary_folder folder;
  auto settings
    = GENERATE(std::vector<std::string>{"link.latency=1ms", "link.drop=0.1",
                                        "swaps.timeout=40ms"},
               std::vector<std::string>{"protocol.name=async_sgd"});
  auto with = record(folder / "run.caps", settings, 2);
  settings.push_back("recording.level=off");
  auto without = record(folder / "none.caps", settings, 2);
  CHECK(with.weights == without.weights);
  CHECK(with.bytes_sent == without.bytes_sent);
  CHECK_FALSE(std::filesystem::exists(folder / "none.caps"));
}

TEST_CASE("snapshots hold the parameters whose digest their event has",
          "[recording]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {}, 1);
  SQLite::Database file{run.file.string()};
  SQLite::Statement rows{
    file, "SELECT s.bytes, e.state FROM snapshot s JOIN event e USING "
          "(sequence) WHERE e.state IS NOT NULL"};
  int found = 0;
  while (rows.executeStep()) {
    auto bytes = rows.getColumn(0).getString();
    CHECK(static_cast<int64_t>(checksum(std::as_bytes(std::span{bytes})))
          == rows.getColumn(1).getInt64());
    ++found;
  }
  CHECK(found == 3 * 4);
}

TEST_CASE("a recording that cannot be written ends, and the run does not",
          "[recording]") {
  temporary_folder folder;
  // Past the limit, the system refuses to write as it does on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto limit = before;
  limit.rlim_cur = 200'000;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  auto run = record(folder / "run.caps",
                    {"recording.level=payloads", "training.epochs=300"}, 1);
  setrlimit(RLIMIT_FSIZE, &before);
  CHECK(run.end.text == "");
  CHECK(run.end.code == exit_code::success);
  INFO(run.outcome.failure);
  CHECK(run.outcome.failure.find("run.caps") != std::string::npos);
  CHECK(run.failures == std::vector<std::string>{run.outcome.failure});
  // What was committed before is there, and nothing else.
  CHECK(count(run, "event") == run.outcome.events);
  CHECK(count(run, "event")
        == SQLite::Database{run.file.string()}
             .execAndGet("SELECT events FROM seal ORDER BY id DESC LIMIT 1")
             .getInt64());
}

TEST_CASE("a full disk ends the recording and leaves room for the results",
          "[recording]") {
  temporary_folder folder;
  auto disk = folder / "disk";
  std::filesystem::create_directory(disk);
  if (mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=6m") != 0) {
    WARN("only root can make a small disk; not tested");
    return;
  }
  auto run = record(disk / "run.caps",
                    {"recording.level=payloads", "training.epochs=2000"}, 1);
  auto left = std::filesystem::space(disk).available;
  auto rows = count(run, "event");
  umount2(disk.c_str(), MNT_DETACH);
  CHECK(run.end.text == "");
  CHECK_THAT(run.outcome.failure, contains("the disk is nearly full"));
  CHECK(rows == run.outcome.events);
  CHECK(left > 2'000'000);
}

TEST_CASE("a folder that is not there costs the recording alone",
          "[recording]") {
  temporary_folder folder;
  auto run = record(folder / "nowhere" / "run.caps", {}, 1);
  CHECK(run.end.code == exit_code::success);
  CHECK(run.outcome.failure.find("nowhere/run.caps") != std::string::npos);
}

TEST_CASE("a node that fails leaves a note at every level", "[recording]") {
  auto level = GENERATE("metrics", "events");
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {fmt::format("recording.level={}", level), "link.drop=0.9",
                     "swaps.max_missed=0", "swaps.timeout=5ms"},
                    1);
  REQUIRE(run.end.code == exit_code::lost);
  auto notes = contents(run, "note");
  CHECK(std::ranges::any_of(notes, [&](const std::string& x) {
    return x.find("|failure|" + run.end.text + "|") != std::string::npos;
  }));
}
