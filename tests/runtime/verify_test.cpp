#include "tests/support/catch.hpp"

#include "models/random_stream.hpp"
#include "runtime/recording/verify.hpp"
#include "tests/runtime/support/recorded_run.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

using namespace caps;
using namespace caps::test;

namespace {

/// Everything a reader can see.
std::string contents(const std::filesystem::path& path) {
  recording_file file{path};
  std::string result;
  for (auto table : {"meta", "node", "event", "metric", "note", "snapshot",
                     "payload", "seal"}) {
    query rows{file, fmt::format("SELECT * FROM {} ORDER BY 1", table)};
    while (rows.next())
      for (int i = 0; i < rows.columns(); ++i)
        result += rows.is_null(i) ? "|" : "'" + rows.text(i) + "'";
  }
  return result;
}

recording_contents verified(const std::filesystem::path& path) {
  recording_file file{path};
  return verify(file);
}

std::string problem_of(const std::filesystem::path& path) {
  try {
    verified(path);
  } catch (const data_error& e) {
    return e.what();
  }
  return "";
}

/// A file of its own that holds the recording with one statement done to it.
std::string problem_after(const recorded_run& run, const std::string& sql) {
  auto copy = run.file.string() + "-changed";
  std::filesystem::copy_file(run.file, copy,
                             std::filesystem::copy_options::overwrite_existing);
  SQLite::Database{copy, SQLite::OPEN_READWRITE}.exec(sql);
  return problem_of(copy);
}

} // namespace

TEST_CASE("a recording is sound on every level and clock", "[verify]") {
  auto clock = GENERATE("virtual", "real");
  auto level = GENERATE("metrics", "events", "payloads");
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {fmt::format("clock.kind={}", clock),
                     fmt::format("recording.level={}", level),
                     "protocol.name=async_sgd"},
                    2);
  auto found = verified(run.file);
  CHECK(found.ended);
  CHECK(found.events == run.outcome.events);
  CHECK((found.events > 0) == (std::string_view{level} != "metrics"));
  CHECK((found.payloads > 0) == (std::string_view{level} == "payloads"));
  CHECK(found.metrics > 0);
  CHECK(found.transactions >= 2);
}

TEST_CASE("every change of a recording is found and named", "[verify]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {"recording.level=payloads"}, 1);
  auto problem = [&](const std::string& sql) {
    auto result = problem_after(run, sql);
    INFO(result);
    REQUIRE(result.find("run.caps-changed: damaged: ") != std::string::npos);
    return result.substr(result.find("damaged: "));
  };
  for (auto column : {"time", "source", "destination", "message", "step",
                      "version", "bytes", "digest", "node_step"})
    CHECK(problem(fmt::format("UPDATE event SET {0} = {0} + 1 WHERE sequence = "
                              "40",
                              column))
          == "damaged: event 40: its checksum does not match");
  for (auto column : {"staleness", "state", "cause", "sent", "loss", "norm"})
    CHECK(problem(fmt::format("UPDATE event SET {0} = iif({0} IS NULL, 1, "
                              "NULL) WHERE sequence = 40",
                              column))
          == "damaged: event 40: its checksum does not match");
  CHECK_THAT(problem("UPDATE event SET wall = wall + 1 WHERE sequence = 40"),
             contains("the wall of"));
  CHECK(problem("DELETE FROM event WHERE sequence = 40")
        == "damaged: event 40: it is missing");
  CHECK_THAT(problem("DELETE FROM event WHERE sequence > 100"),
             contains("event 101: it is missing"));
  CHECK(problem("UPDATE metric SET value = value + 1 WHERE id = 7")
        == "damaged: metric 7: its checksum does not match");
  CHECK_THAT(problem("DELETE FROM metric WHERE id > 7"),
             contains("metric 8: it is missing"));
  CHECK(problem("UPDATE snapshot SET bytes = zeroblob(56) WHERE id = 2")
        == "damaged: snapshot 2: its checksum does not match");
  CHECK_THAT(problem("UPDATE payload SET node = 1 - node"),
             contains("payload "));
  CHECK_THAT(problem("UPDATE meta SET value = 'x' WHERE key = 'scenario'"),
             contains("meta or node"));
  CHECK_THAT(problem("UPDATE node SET role = 'worker' WHERE id = 1"),
             contains("meta or node"));
  CHECK_THAT(problem("DELETE FROM seal WHERE id = 1"), contains("seal 1"));
  CHECK_THAT(problem("DELETE FROM seal WHERE id > 1"), contains("damaged"));
  CHECK_THAT(problem("INSERT INTO note VALUES(1, 1, 0, 0, 'note', 'x', 0)"),
             contains("note 1"));
  CHECK(problem("PRAGMA application_id = 7")
        == "damaged: its header names the application 0x7, expected "
           "0x43615053");
  CHECK(problem("PRAGMA user_version = 1")
        == "damaged: its header says schema 1, but meta says 2");
}

TEST_CASE("a recording with more in it than tables is refused", "[verify]") {
  temporary_folder folder;
  auto run = record(folder / "run.caps", {}, 1);
  for (auto sql :
       {"CREATE VIEW more AS SELECT 1", "CREATE TABLE more(x)",
        "CREATE TRIGGER more AFTER INSERT ON note BEGIN DELETE FROM node; END",
        "CREATE INDEX more ON event(kind)",
        "ALTER TABLE note ADD COLUMN more TEXT"}) {
    INFO(sql);
    CHECK_THAT(problem_after(run, sql), contains("not a recording"));
  }
  CHECK_THAT(problem_after(run, "UPDATE meta SET value = '3' WHERE key = "
                                "'schema'"),
             contains("a recording of schema 3"));
}

TEST_CASE("bit flips and cuts are found or harmless", "[verify]") {
  // CAPS_FLIPS=10000 tries more of them.
  auto wanted = std::getenv("CAPS_FLIPS");
  auto flips = wanted != nullptr ? std::atoi(wanted) : 500;
  temporary_folder folder;
  auto run = record(folder / "run.caps",
                    {"recording.level=payloads", "training.epochs=20"}, 1);
  auto sound = read_text(run.file);
  auto expected = contents(run.file);
  random_stream stream{20};
  auto changed = folder / "changed.caps";
  int harmless = 0;
  for (int i = 0; i < flips; ++i) {
    auto bytes = sound;
    auto at = stream.below(bytes.size());
    auto bit = stream.below(8);
    auto cut = i % 10 == 9;
    INFO((cut ? "cut at " : "flipped at ") << at << ", bit " << bit);
    if (cut)
      bytes.resize(at);
    else
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    write_text(changed, bytes);
    try {
      verified(changed);
      REQUIRE(contents(changed) == expected);
      ++harmless;
    } catch (const error& e) {
      REQUIRE(std::string{e.what()}.find("changed.caps") != std::string::npos);
    }
  }
  // Such as those in unused space of pages.
  CHECK(harmless < flips / 2);
}

TEST_CASE("a run that is killed leaves a sound recording", "[verify]") {
  temporary_folder folder;
  auto out = folder / "out";
  auto scenario = folder / "endless.toml";
  write_text(scenario, R"(
nodes.count = 4
data.name = "least_squares"
model.name = "least_squares"
training.epochs = 1000000
)");
  auto child = fork();
  if (child == 0) {
    auto nothing = open("/dev/null", O_RDWR);
    dup2(nothing, 1);
    dup2(nothing, 2);
    execl(CAPS_RUNTIME_PROGRAM, CAPS_RUNTIME_PROGRAM, "--scenario",
          scenario.c_str(), "--out", out.c_str(), "--threads", "1", nullptr);
    _exit(127);
  }
  // Until some transactions are written.
  std::error_code ignored;
  for (int i = 0; i < 600; ++i) {
    if (std::filesystem::file_size(out / "run.caps-wal", ignored) > 1'000'000
        && !ignored)
      break;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(std::filesystem::exists(out / "run.caps-wal"));
  auto found = verified(out / "run.caps");
  CHECK_FALSE(found.ended);
  CHECK(found.events > 1000);
  CHECK(found.transactions >= 2);
}
