// What several processes record of a run, and how it becomes one recording. The
// program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

namespace fs = std::filesystem;

using namespace caps::test;
using namespace std::chrono_literals;

namespace {

nlohmann::json summary_of(const workshop& shop) {
  return nlohmann::json::parse(read_text(shop / "out" / "summary.json"));
}

/// A run of three processes that goes on until it is ended; all nodes have
/// started.
std::unique_ptr<process> endless(const workshop& shop) {
  auto run = shop.start({"--processes", "3", "--set", "training.epochs=1000000",
                         "--set", "evaluation.every=1000"});
  REQUIRE(log_says(shop / "out", "all nodes start"));
  return run;
}

/// The parts of a run whose processes were all killed at once.
std::vector<std::string> cut_off(const workshop& shop) {
  auto run = endless(shop);
  auto out = shop / "out";
  REQUIRE(wait_until(
    [&] {
      std::error_code unknown;
      auto log = fs::file_size(out / "part-2.caps-wal", unknown);
      return !unknown && log > 400'000;
    },
    60s));
  auto others = children_of(run->pid());
  CHECK(others.size() == 3);
  run->send_signal(SIGKILL);
  for (auto pid : others)
    kill(pid, SIGKILL);
  run->wait();
  std::vector<std::string> result;
  for (int i = 0; i <= 3; ++i)
    result.push_back((out / ("part-" + std::to_string(i) + ".caps")).string());
  return result;
}

void flip_a_bit(const std::string& file, size_t from_end) {
  auto size = fs::file_size(file);
  std::fstream content{file, std::ios::in | std::ios::out | std::ios::binary};
  auto place = static_cast<std::streamoff>(size - from_end);
  content.seekg(place);
  auto byte = static_cast<char>(content.get() ^ 4);
  content.seekp(place);
  content.put(byte);
}

std::vector<std::string> merge_of(std::vector<std::string> parts,
                                  const std::string& to) {
  parts.insert(parts.begin(), "merge");
  parts.insert(parts.end(), {"--out", to});
  return parts;
}

} // namespace

TEST_CASE("a run of several processes is recorded and runs again", "[parts]") {
  auto [protocol, processes, more]
    = GENERATE(table<std::string, std::string, std::string>(
      {{"dsgd", "3", "nodes.count=3"},
       {"pdmm_sgd", "3", "nodes.count=3"},
       {"gossip_sgd", "8", "nodes.count=8"},
       {"admm_sgd", "2", "nodes.count=3"},
       {"sync_sgd", "3", "nodes.count=3"},
       {"async_sgd", "4", "nodes.count=3"},
       {"choco_sgd", "3", "recording.level=payloads"}}));
  INFO(protocol);
  workshop shop;
  auto got = shop.train({"--processes", processes, "--set",
                         "protocol.name=" + protocol, "--set", more});
  INFO(got.err);
  REQUIRE(got.code == 0);
  for (const auto& x : fs::directory_iterator{shop / "out"})
    CHECK_FALSE(x.path().filename().string().starts_with("part-"));
  auto sound = shop.caps({"verify", "out/run.caps", "--json"});
  REQUIRE(sound.code == 0);
  auto contents = nlohmann::json::parse(sound.out);
  CHECK(contents["ended"] == true);
  CHECK(contents["metrics"] > 0);
  auto told = summary_of(shop)["recording"];
  CHECK(told["file"] == "run.caps");
  CHECK(told["error"].is_null());
  CHECK(told["events"] == contents["events"]);
  CHECK(told["bytes"] == fs::file_size(shop / "out" / "run.caps"));
  auto again = shop.caps({"replay", "out/run.caps", "--verify"});
  INFO(again.out);
  CHECK(again.code == 0);
  CHECK_THAT(again.out, contains("all as recorded"));
}

TEST_CASE("a recording of several processes can be walked through", "[parts]") {
  workshop shop;
  REQUIRE(shop.train({"--processes", "3"}).code == 0);
  auto walk = shop.caps({"replay", "out/run.caps", "--command",
                         "until step >= 4", "--command", "why", "--command",
                         "back", "--command", "show 1 weights"});
  INFO(walk.out << walk.err);
  CHECK(walk.code == 0);
  CHECK_THAT(walk.out, contains("caused by #"));
  auto trace = shop.caps(
    {"replay", "out/run.caps", "--command", "export trace trace.json"});
  INFO(trace.out << trace.err);
  CHECK(trace.code == 0);
  CHECK(nlohmann::json::parse(read_text(shop / "trace.json")).size() > 0);
  CHECK(shop.caps({"diff", "out/run.caps", "out/run.caps"}).code == 0);
}

TEST_CASE("an interrupted run of several processes has its recording",
          "[parts]") {
  workshop shop;
  auto run = endless(shop);
  run->send_signal(SIGINT);
  auto got = run->wait();
  CHECK(got.code == 130);
  auto again = shop.caps({"replay", "out/run.caps", "--verify"});
  INFO(again.out << again.err);
  CHECK(again.code == 0);
  CHECK_THAT(again.out, contains("all as recorded"));
}

TEST_CASE("parts of a run that was killed become a recording", "[parts]") {
  workshop shop;
  auto parts = cut_off(shop);
  auto got = shop.caps(merge_of(parts, "whole.caps"));
  INFO(got.out << got.err);
  REQUIRE(got.code == 0);
  CHECK_THAT(got.out, contains("whole.caps: "));
  CHECK_THAT(got.out, contains("events of 3 processes"));
  CHECK_THAT(got.out, contains("process 0 of 3: cut off after its event "));
  auto sound = shop.caps({"verify", "whole.caps"});
  CHECK(sound.code == 0);
  CHECK_THAT(sound.out, contains("was cut off"));
  // The head's is not needed, and neither is that of any process.
  auto fewer = shop.caps(merge_of({parts[0], parts[2]}, "fewer.caps"));
  REQUIRE(fewer.code == 0);
  CHECK_THAT(fewer.out, contains("process 1 of 3: there is no part of it"));
  CHECK_THAT(fewer.out, contains("the head of the run: there is no part"));
  CHECK_THAT(fewer.out, contains("messages were sent in events that no part "
                                 "holds"));
  CHECK(shop.caps({"verify", "fewer.caps"}).code == 0);
  // Another run takes their place.
  CHECK(shop.train({"--force"}).code == 0);
  CHECK_FALSE(fs::exists(parts[0]));
}

TEST_CASE("parts that cannot be merged are refused", "[parts]") {
  workshop shop;
  auto parts = cut_off(shop);
  auto refused = [&](const std::vector<std::string>& which, int code,
                     const std::string& why) {
    auto got = shop.caps(merge_of(which, "never.caps"));
    CHECK(got.code == code);
    CHECK_THAT(got.err, contains(why));
    CHECK_FALSE(fs::exists(shop / "never.caps"));
  };
  write_text(shop / "text", "no recording");
  refused({parts[0], (shop / "text").string()}, 3, "text");
  refused({parts[0], (shop / "nowhere").string()}, 3, "no such file");
  fs::copy_file(parts[0], shop / "twice.caps");
  fs::copy_file(parts[0] + "-wal", shop / "twice.caps-wal");
  refused({parts[0], (shop / "twice.caps").string()}, 2,
          "are both of process "
          "0 of 3");
  workshop other;
  auto strangers = cut_off(other);
  refused({parts[0], strangers[1]}, 2, "are of different runs");
  REQUIRE(other.train({"--force"}).code == 0);
  refused({parts[0], (other / "out" / "run.caps").string()}, 2,
          "is no part of a recording");
  // Merged, and then damaged.
  REQUIRE(shop.caps(merge_of(parts, "whole.caps")).code == 0);
  CHECK(shop.caps(merge_of(parts, "whole.caps")).code == 2);
  CHECK(shop.caps(merge_of(parts, parts[0])).code == 2);
  auto size = fs::file_size(shop / "whole.caps");
  flip_a_bit((shop / "whole.caps").string(), size / 2);
  CHECK(shop.caps({"verify", "whole.caps"}).code == 3);
}

TEST_CASE("a damaged part is named", "[parts]") {
  workshop shop;
  auto parts = cut_off(shop);
  REQUIRE(shop.caps(merge_of(parts, "whole.caps")).code == 0);
  flip_a_bit(parts[1] + "-wal", fs::file_size(parts[1] + "-wal") / 2);
  auto got = shop.caps(merge_of(parts, "other.caps"));
  // SQLite leaves out what comes after a damaged page of its log.
  if (got.code == 0)
    CHECK_THAT(got.out, contains("process 1 of 3: cut off after its event "));
  else
    CHECK_THAT(got.err, contains("part-1.caps"));
}

TEST_CASE("a run that loses a process has its recording", "[parts]") {
  workshop shop;
  auto run = endless(shop);
  kill(children_of(run->pid()).at(1), SIGKILL);
  auto got = run->wait();
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("process 1 of 3: cut off after its event "));
  CHECK(shop.caps({"verify", "out/run.caps"}).code == 0);
}
