// Processes of a run that are lost and come back. The program itself is run.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <utility>

using namespace caps::test;
using namespace std::chrono_literals;

namespace {

/// A run of three processes that goes on until it is interrupted.
class endless_run {
public:
  explicit endless_run(std::vector<std::string> settings,
                       const std::string& processes = "3") {
    settings.insert(settings.end(),
                    {"training.epochs=1000000", "membership.views=true"});
    std::vector<std::string> more{"--processes", processes};
    for (const auto& x : settings)
      more.insert(more.end(), {"--set", x});
    run_ = shop_.start(more);
    REQUIRE(says("all nodes start"));
  }

  /// Waits for a line of the log.
  bool says(const std::string& text, int times = 1) {
    return log_says(shop_ / "out", text, times);
  }

  /// Of nodes, in their order; the server's last.
  std::vector<pid_t> processes() const { return children_of(run_->pid()); }

  process_result interrupt() {
    REQUIRE(kill(run_->pid(), SIGINT) == 0);
    return run_->wait();
  }

  process_result wait() { return run_->wait(); }

  nlohmann::json summary() const {
    return nlohmann::json::parse(read_text(shop_ / "out" / "summary.json"));
  }

  csv_table table(const std::string& name) const {
    return read_csv(shop_ / "out" / name);
  }

private:
  workshop shop_;
  std::unique_ptr<process> run_;
};

bool names(const nlohmann::json& views, const std::string& cause) {
  return std::ranges::any_of(views, [&](const auto& x) {
    return x["cause"].template get<std::string>().find(cause)
           != std::string::npos;
  });
}

void check_rows(const endless_run& run) {
  std::set<std::pair<std::string, std::string>> seen;
  for (auto& row : run.table("metrics.csv").rows)
    CHECK(seen.insert({row["node"], row["epoch"]}).second);
  uint64_t bytes = 0;
  std::map<std::pair<std::string, std::string>, uint64_t> edges;
  for (auto& row : run.table("edges.csv").rows)
    edges[{row["from"], row["to"]}] = std::stoull(row["bytes_sent"]);
  for (const auto& [edge, sent] : edges)
    bytes += sent;
  CHECK(run.summary()["bytes_sent"] == bytes);
}

} // namespace

TEST_CASE("nodes of a process that is killed come back",
          "[returning_process]") {
  auto protocol = GENERATE("dsgd", "pdmm_sgd", "admm_sgd", "gossip_sgd",
                           "push_sum", "gradient_tracking", "choco_sgd");
  INFO(protocol);
  endless_run run{{std::string{"protocol.name="} + protocol}};
  auto before = run.processes();
  REQUIRE(before.size() == 3);
  REQUIRE(kill(before.front(), SIGKILL) == 0);
  REQUIRE(run.says("node 0 begins in view"));
  auto after = run.processes();
  CHECK(after.size() == before.size());
  CHECK(after != before);
  // Another one, while the first may not have done much.
  REQUIRE(kill(before[1], SIGKILL) == 0);
  REQUIRE(run.says("node 1 begins in view"));
  // And the first once more.
  for (auto pid : after)
    if (std::ranges::find(before, pid) == before.end())
      REQUIRE(kill(pid, SIGKILL) == 0);
  REQUIRE(run.says("node 0 begins in view", 2));
  auto got = run.interrupt();
  INFO(got.err);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 130);
  CHECK_THAT(got.err, contains("note: process 0 is started again"));
  auto summary = run.summary();
  CHECK(names(summary["views"], "was killed by signal 9: node"));
  CHECK(names(summary["views"], "back"));
  CHECK(summary["lost_nodes"].empty());
  check_rows(run);
}

TEST_CASE("a process that is stopped is replaced", "[returning_process]") {
  endless_run run{{"protocol.name=dsgd", "membership.deadline=700ms"}};
  auto stopped = run.processes().front();
  REQUIRE(kill(stopped, SIGSTOP) == 0);
  REQUIRE(run.says("node 0 begins in view"));
  CHECK(kill(stopped, 0) != 0);
  auto got = run.interrupt();
  CHECK(got.code == 130);
  CHECK(names(run.summary()["views"], "has given no sign of life for"));
}

TEST_CASE("faults befall nodes of several processes", "[returning_process]") {
  auto fault = GENERATE(R"({kind="restart", at="200ms", for="100ms", node=0})",
                        R"({kind="join", at="200ms", node=0})");
  INFO(fault);
  endless_run run{{std::string{"fault=["} + fault + "]"}};
  REQUIRE(run.says("node 0 begins in view"));
  // Its process has been there all the time.
  auto got = run.interrupt();
  CHECK(got.code == 130);
  CHECK_THAT(got.err, !contains("started again"));
  CHECK(names(run.summary()["views"], "node 0 is"));
}

TEST_CASE("nobody can be without all, nor without the server",
          "[returning_process]") {
  SECTION("all") {
    endless_run run{{"protocol.name=dsgd"}};
    for (auto pid : run.processes())
      REQUIRE(kill(pid, SIGKILL) == 0);
    auto got = run.wait();
    CHECK_FALSE(got.timed_out);
    CHECK(got.code == 5);
    CHECK_THAT(got.err, contains("no node is left that has the state of the "
                                 "run"));
  }
  SECTION("the server") {
    endless_run run{{"protocol.name=async_sgd"}, "4"};
    REQUIRE(kill(run.processes().back(), SIGKILL) == 0);
    auto got = run.wait();
    CHECK_FALSE(got.timed_out);
    CHECK(got.code == 5);
    CHECK_THAT(got.err, contains("parameter server 3 is gone"));
  }
}

TEST_CASE("a silence that processes cannot keep is refused",
          "[returning_process]") {
  workshop shop;
  auto got = shop.train({"--processes", "3", "--set", "membership.views=true",
                         "--set", "membership.deadline=10ms"});
  CHECK(got.code == 2);
  CHECK_THAT(got.err, contains("membership.deadline"));
  CHECK_THAT(got.err, contains("at least 500ms"));
}
