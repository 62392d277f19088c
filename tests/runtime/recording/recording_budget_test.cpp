#include "tests/support/catch.hpp"

#include "models/checkpoint/checksums.hpp"
#include "runtime/recording/recording_budget.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>

using namespace caps;
using namespace caps::test;

namespace {

/// Many enough parameters to be packed.
const std::vector<std::string> wide{"data.features=200", "data.rows=60",
                                    "training.epochs=30"};

std::vector<std::string> wide_and(const std::string& more) {
  auto result = wide;
  result.push_back(more);
  return result;
}

int64_t vectors_in(const recorded_run& run) {
  return SQLite::Database{run.file.string()}
    .execAndGet("SELECT count(*) FROM snapshot WHERE kind = 'parameters'")
    .getInt64();
}

} // namespace

TEST_CASE("snapshots become rarer and stay within the budget",
          "[recording_budget]") {
  constexpr size_t bytes = 100;
  recording_budget budget{10'000, 0};
  size_t used = 0;
  std::vector<int64_t> kept;
  for (int64_t epoch = 1; epoch <= 2000; ++epoch) {
    budget.use(used);
    if (budget.keeps_vectors(0, epoch, epoch, snapshot_reason::epoch, bytes)) {
      used += bytes;
      kept.push_back(epoch);
    }
  }
  CHECK(used <= 10'000);
  CHECK(used > 8'000);
  CHECK(kept.at(20) == 21);
  // There is something of the later parts as well.
  CHECK(kept.back() > 1000);
  CHECK(budget.vectors_left_out() == 2000 - static_cast<int64_t>(kept.size()));
}

TEST_CASE("updates lie between two snapshots", "[recording_budget]") {
  recording_budget budget{10'000, 10};
  auto keeps = [&](node_id node, int64_t step, snapshot_reason why) {
    return budget.keeps_vectors(node, step, step, why, 1);
  };
  CHECK(keeps(0, 0, snapshot_reason::start));
  CHECK_FALSE(keeps(0, 9, snapshot_reason::epoch));
  CHECK(keeps(0, 10, snapshot_reason::epoch));
  CHECK(keeps(1, 9, snapshot_reason::epoch));
  CHECK_FALSE(keeps(0, 19, snapshot_reason::epoch));
  CHECK(keeps(0, 19, snapshot_reason::end));
  CHECK(budget.vectors_left_out() == 2);
}

TEST_CASE("packed snapshots are what their events say", "[recording_budget]") {
  auto type = GENERATE("float32", "float64");
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    wide_and(fmt::format("model.dtype='{}'", type)), 1);
  REQUIRE(run.end.text == "");
  recording_file file{run.file};
  query rows{file, "SELECT s.id, e.state FROM snapshot s JOIN event e USING "
                   "(sequence) WHERE e.state IS NOT NULL AND s.kind = "
                   "'parameters' AND s.encoding LIKE '%/zstd/%'"};
  int found = 0;
  while (rows.next()) {
    auto x = read_snapshot(file, *rows.integer(0));
    CHECK(x.content == type);
    CHECK(static_cast<int64_t>(checksum(std::as_bytes(std::span{x.bytes})))
          == rows.integer(1));
    ++found;
  }
  CHECK(found > 3 * 20);
}

TEST_CASE("a budget leaves out snapshots and never an event",
          "[recording_budget]") {
  temporary_folder folder;
  auto all = record(folder / "all.caps", wide, 1);
  auto some = record(folder / "some.caps",
                     wide_and("recording.budget=300000"), 1);
  auto none = record(folder / "none.caps", wide_and("recording.budget=0"), 1);
  CHECK(all.outcome.snapshots_left_out == 0);
  CHECK(vectors_in(all) == 3 * (1 + 30));
  CHECK(some.outcome.snapshots_left_out > 0);
  CHECK(vectors_in(some) > 3);
  CHECK(vectors_in(some) + some.outcome.snapshots_left_out
        == vectors_in(all));
  CHECK(some.outcome.bytes < all.outcome.bytes);
  CHECK(vectors_in(none) == 0);
  CHECK(contents(some, "event") == contents(all, "event"));
  CHECK(contents(none, "event") == contents(all, "event"));
  // And whatever there is, is good for a fork that is the same run.
  auto at = some.outcome.events * 9 / 10;
  auto same = fork(some, folder / "same.caps", at, {});
  CHECK(same.from > 0);
  for (auto table : {"event", "metric", "snapshot"})
    CHECK(contents(same, table) == contents(some, table));
}

TEST_CASE("snapshots at the start and the end alone", "[recording_budget]") {
  temporary_folder folder;
  auto run
    = record(folder / "run.caps", wide_and("recording.snapshot_every=0"), 1);
  CHECK(vectors_in(run) == 3 * 2);
}

TEST_CASE("recordings of the version before are read", "[recording_budget]") {
  temporary_folder folder;
  // Small vectors lie in it as they did then.
  auto run = record(folder / "run.caps", {}, 1);
  SQLite::Database{run.file.string(), SQLite::OPEN_READWRITE}.exec(
    "UPDATE meta SET value = '1' WHERE key = 'schema'; "
    "PRAGMA user_version = 1");
  recording_file file{run.file};
  CHECK(file.version() == 1);
  CHECK(read_snapshot(file, 1).content == "float64");
}
