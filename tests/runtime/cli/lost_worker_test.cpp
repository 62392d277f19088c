// Parameter servers whose worker dies. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <csignal>

using caps::test::children_of;
using caps::test::log_says;
using caps::test::process_result;
using caps::test::read_text;
using caps::test::workshop;

namespace {

/// Starts three workers and a server in processes of their own, sends a signal
/// to the first worker's, and waits for the end.
process_result lose_a_worker(const workshop& shop,
                             const std::vector<std::string>& settings,
                             int signal = SIGKILL) {
  std::vector<std::string> more{"--processes", "4", "--set",
                                "training.epochs=600"};
  for (const auto& x : settings)
    more.insert(more.end(), {"--set", x});
  auto run = shop.start(more);
  REQUIRE(log_says(shop / "out", "all nodes start"));
  auto processes = children_of(run->pid());
  REQUIRE(processes.size() == 4);
  REQUIRE(kill(processes.front(), signal) == 0);
  return run->wait();
}

nlohmann::json summary_of(const workshop& shop) {
  return nlohmann::json::parse(read_text(shop / "out" / "summary.json"));
}

} // namespace

TEST_CASE("sync_sgd ends with an error that names a dead worker",
          "[lost_worker]") {
  workshop shop;
  auto got = lose_a_worker(shop, {"protocol.name=sync_sgd"});
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 5);
  CHECK_THAT(got.err, contains("error: server 3 cannot go on at version"));
  CHECK_THAT(got.err, contains("without worker 0"));
  CHECK_THAT(got.err, contains("was killed by signal 9"));
  CHECK_THAT(got.err, contains("protocol.min_workers is 3"));
  CHECK(summary_of(shop)["exit_code"] == 5);
}

TEST_CASE("servers go on without a dead worker if they may", "[lost_worker]") {
  auto settings
    = GENERATE(std::vector<std::string>{"protocol.name=sync_sgd",
                                        "protocol.min_workers=2"},
               std::vector<std::string>{"protocol.name=async_sgd"},
               std::vector<std::string>{"protocol.name=async_sgd",
                                        "protocol.max_staleness=3"});
  workshop shop;
  auto got = lose_a_worker(shop, settings);
  INFO(got.err);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 0);
  CHECK_THAT(read_text(shop / "out" / "log.txt"),
             contains("server 3 goes on without worker 0"));
  // The two that are left made all their steps: 5 an epoch.
  auto summary = summary_of(shop);
  CHECK(summary["steps"] >= 2 * 3000);
  CHECK(summary["steps"] < 3 * 3000);
  CHECK(std::filesystem::exists(shop / "out" / "3.safetensors"));
  // Whoever is done without is named.
  REQUIRE(summary["lost_nodes"].size() == 1);
  const auto& lost = summary["lost_nodes"][0];
  CHECK(lost["node"] == 0);
  CHECK(lost["virtual_seconds"] > 0);
  CHECK_THAT(lost["why"].get<std::string>(),
             contains("was killed by signal 9"));
  CHECK(summary["protocol_metrics"]["3"]["lost"]["0"] == 1);
}

TEST_CASE("servers go on without a worker that is stopped", "[lost_worker]") {
  workshop shop;
  auto got = lose_a_worker(shop, {"protocol.name=async_sgd"}, SIGSTOP);
  INFO(got.err);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 0);
  auto summary = summary_of(shop);
  REQUIRE(summary["lost_nodes"].size() == 1);
  CHECK(summary["lost_nodes"][0]["node"] == 0);
  CHECK_THAT(summary["lost_nodes"][0]["why"].get<std::string>(),
             contains("has given no sign of life for 10 s"));
}
