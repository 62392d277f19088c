// Ctrl-C and deaths of processes. The program itself is run.

#include "tests/support/catch.hpp"

#include "models/checkpoint/safetensors.hpp"
#include "tests/runtime/support/program.hpp"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

using caps::test::children_of;
using caps::test::is_alive;
using caps::test::process;
using caps::test::wait_until;
using caps::test::workshop;

namespace {

using namespace std::chrono_literals;

/// How long the end of a run may take, as promised.
constexpr auto end_limit = 10s;

/// How long a process may be silent, as promised.
constexpr auto silence_limit = 10s;

/// A run that nobody wants to wait for.
const std::string endless
  = caps::test::tiny_scenario + "[evaluation]\nevery = 5\n";
const std::vector<std::string> endless_settings{"--set",
                                                "training.epochs=1000000"};

/// Starts an endless run and waits until it has measured its nodes once.
std::unique_ptr<process> start_endless(const workshop& shop,
                                       std::vector<std::string> more) {
  more.insert(more.end(), endless_settings.begin(), endless_settings.end());
  auto result = shop.start(more);
  auto measured = wait_until([&] {
    return !result->running()
           || caps::test::read_csv(shop / "out" / "metrics.csv").rows.size()
                >= 3;
  });
  REQUIRE(measured);
  REQUIRE(result->running());
  return result;
}

bool all_gone(const std::vector<pid_t>& processes) {
  return std::ranges::none_of(processes, [](pid_t x) { return is_alive(x); });
}

nlohmann::json summary_of(const workshop& shop) {
  return nlohmann::json::parse(
    caps::test::read_text(shop / "out" / "summary.json"));
}

int64_t steps_in(const workshop& shop, int node) {
  auto x = caps::read_safetensors(shop / "out"
                                  / fmt::format("{}.safetensors", node));
  CHECK(x.tensors.size() == 4); // weights and biases of two layers
  return std::stoll(x.metadata.at("step"));
}

} // namespace

TEST_CASE("an interrupted run keeps what it has computed", "[interrupt]") {
  auto more = GENERATE(std::vector<std::string>{},
                       std::vector<std::string>{"--clock", "real"},
                       std::vector<std::string>{"--processes", "3"});
  auto signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  workshop shop{endless};
  auto run = start_endless(shop, more);
  auto children = children_of(run->pid());
  CHECK(children.size() == (more.size() > 1 && more[1] == "3" ? 3 : 0));
  run->send_signal(signal);
  auto got = run->wait(end_limit);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 130);
  CHECK(got.err == "error: interrupted\n");
  CHECK_THAT(got.out, contains("  node    step  train loss"));
  for (auto child : children)
    CHECK_FALSE(is_alive(child));
  auto summary = summary_of(shop);
  CHECK(summary["exit_code"] == 130);
  CHECK(summary["error"] == "interrupted");
  REQUIRE(summary["nodes"].size() == 3);
  int64_t steps = 0;
  for (int node = 0; node < 3; ++node) {
    CHECK(summary["nodes"][static_cast<size_t>(node)]["step"]
          == steps_in(shop, node));
    steps += steps_in(shop, node);
  }
  CHECK(summary["steps"] == steps);
  CHECK(steps >= 3 * 25);
}

TEST_CASE("a run names the process that died", "[interrupt]") {
  workshop shop{endless};
  auto run = start_endless(shop, {"--processes", "3"});
  auto children = children_of(run->pid());
  REQUIRE(children.size() == 3);
  auto victim = static_cast<size_t>(GENERATE(0, 1, 2));
  kill(children[victim], SIGKILL);
  auto got = run->wait(end_limit);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 5);
  auto text = fmt::format("process {} (pid {}) was killed by signal 9; node {} "
                          "lost",
                          victim, children[victim], victim);
  CHECK_THAT(got.err, contains("error: " + text + "\n"));
  for (auto child : children)
    CHECK_FALSE(is_alive(child));
  auto summary = summary_of(shop);
  CHECK(summary["exit_code"] == 5);
  CHECK(summary["error"] == text);
  // The others had the time to hand in their weights.
  for (int node = 0; node < 3; ++node)
    if (static_cast<size_t>(node) != victim)
      CHECK(steps_in(shop, node) >= 25);
}

TEST_CASE("processes that die before the run starts are named too",
          "[interrupt]") {
  workshop shop{endless};
  auto more = endless_settings;
  more.insert(more.end(), {"--processes", "3"});
  auto run = shop.start(more);
  std::vector<pid_t> children;
  REQUIRE(wait_until([&] {
    children = children_of(run->pid());
    return children.size() == 3;
  }));
  kill(children[1], SIGKILL);
  auto got = run->wait(end_limit);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 5);
  CHECK_THAT(got.err,
             contains(fmt::format("error: process 1 (pid {}) was killed by "
                                  "signal 9",
                                  children[1])));
  for (auto child : children)
    CHECK_FALSE(is_alive(child));
}

TEST_CASE("a run ends without a process that is stopped", "[interrupt]") {
  workshop shop{endless};
  auto run = start_endless(shop, {"--processes", "3"});
  auto children = children_of(run->pid());
  REQUIRE(children.size() == 3);
  kill(children[1], SIGSTOP);
  auto got = run->wait(silence_limit + end_limit);
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 5);
  auto text = fmt::format("process 1 (pid {}) has given no sign of life for 10 "
                          "s; node 1 lost",
                          children[1]);
  CHECK_THAT(got.err, contains("error: " + text + "\n"));
  for (auto child : children)
    CHECK_FALSE(is_alive(child));
  CHECK(summary_of(shop)["error"] == text);
  for (int node : {0, 2})
    CHECK(steps_in(shop, node) >= 25);
}

TEST_CASE("processes end when their launcher is stopped", "[interrupt]") {
  workshop shop{endless};
  auto run = start_endless(shop, {"--processes", "3"});
  auto children = children_of(run->pid());
  REQUIRE(children.size() == 3);
  run->send_signal(SIGSTOP);
  CHECK(wait_until([&] { return all_gone(children); },
                   silence_limit + end_limit));
  run->send_signal(SIGCONT);
  auto got = run->wait(end_limit);
  CHECK(got.code == 5);
  CHECK_THAT(got.err,
             contains("process 0: error: the process that started this run has "
                      "given no sign of life for 10 s\n"));
}

TEST_CASE("processes end when their launcher dies", "[interrupt]") {
  workshop shop{endless};
  auto run = start_endless(shop, {"--processes", "3"});
  auto children = children_of(run->pid());
  REQUIRE(children.size() == 3);
  run->send_signal(SIGKILL);
  CHECK(run->wait(end_limit).code == 128 + SIGKILL);
  CHECK(wait_until([&] { return all_gone(children); }, end_limit));
}
