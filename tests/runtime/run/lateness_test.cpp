// Messages that come late, twice, never, or from a partner that was given up;
// whole runs on the virtual clock.

#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/node/protocol.hpp"
#include "runtime/components/components.hpp"
#include "runtime/run/run.hpp"
#include "tests/support/files.hpp"

#include <ATen/ops/equal.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace caps;

namespace {

constexpr auto text = R"(
seed = 3
nodes.count = 4
topology.kind = "ring"
swaps.timeout = "100ms"
data.name = "least_squares"
data.rows = 24
data.features = 7
data.groups = 4
data.spread = 1
partition.kind = "contiguous"
model.name = "least_squares"
model.dtype = "float64"
training.batch = 0
training.epochs = 30
optimizer.lr = 0.002
compute.step_time = "10ms"
)";

class recorder final : public run_observer {
public:
  void on_row(const metrics_row& x) override { rows.push_back(x); }
  void on_edge(const edge_row& x) override {
    missed[{x.from, x.to}] = x.missed;
  }
  void on_event(const node_event& x) override { events.push_back(x.text); }
  void on_snapshot(const node_snapshot& x) override {
    if (x.final)
      weights[x.stamp.source] = to_tensor(x.weights).clone();
  }

  bool told(const std::string& part) const {
    return std::ranges::any_of(events, [&](const std::string& x) {
      return x.find(part) != std::string::npos;
    });
  }

  /// When the last node finished, in seconds.
  double duration() const {
    double result = 0;
    for (const auto& x : rows)
      result = std::max(result, x.time);
    return result;
  }

  run_end end;
  std::vector<metrics_row> rows;
  std::map<std::pair<node_id, node_id>, uint64_t> missed;
  std::vector<std::string> events;
  std::map<node_id, at::Tensor> weights;
};

recorder execute(const std::vector<std::string>& settings,
                 const std::string& more = "") {
  auto plan = make_plan(
    parse_scenario(text + more, "test", settings, built_in_components()));
  recorder result;
  run_settings one_thread;
  result.end = run_virtual(plan, one_thread, result);
  return result;
}

/// What a protocol needs to be itself on the ring.
std::vector<std::string> settings_of(const std::string& protocol) {
  std::vector<std::string> result{"protocol.name=" + protocol};
  if (protocol == "d_squared")
    result.push_back("topology.lazy=true");
  if (protocol == "c_admm")
    result.push_back("protocol.mu=500");
  if (protocol == "admm_isvr")
    result.push_back("protocol.piw=1");
  if (protocol == "push_sum")
    result.push_back("protocol.step_on=ratio");
  if (protocol == "choco_sgd")
    result.push_back("protocol.share=0.5");
  return result;
}

/// All protocols between peers.
std::vector<std::string> peer_protocols() {
  std::vector<std::string> result;
  auto known = built_in_protocols();
  for (const auto& x : known.entries())
    if (x.recipe()->servers().servers == 0)
      result.push_back(x.name);
  return result;
}

std::vector<std::string> operator+(std::vector<std::string> x,
                                   const std::vector<std::string>& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

const std::string mute = R"(
[[edge]]
from = 2
to = 1
both_ways = false
drop = 1
)";

} // namespace

TEST_CASE("a lost partner costs its deadlines, not the run", "[lateness]") {
  auto ideal = execute({});
  CHECK(ideal.duration() == Approx(0.3));
  CHECK(ideal.events.empty());
  auto got = execute({}, mute);
  REQUIRE(got.end.code == exit_code::success);
  CHECK(got.rows.size() == 4 * 30);
  // Three swaps are waited for, then no more.
  CHECK(got.duration() == Approx(0.3 + 3 * 0.1));
  CHECK(got.missed[{2, 1}] == 3);
  CHECK(got.missed[{0, 1}] == 0);
  REQUIRE(got.events.size() == 1);
  CHECK(got.told("node 1 waits for node 2 no more: it missed 3 swaps in a "
                 "row"));
}

TEST_CASE("a partner that answers again is waited for again", "[lateness]") {
  // The fifth message arrives at once, the four before it never in time.
  test::temporary_folder folder;
  auto trace = folder.path() + "/trace";
  test::write_text(trace, "90\n90\n90\n90\n0\n0\n0\n0\n0\n0\n"
                                            "0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n"
                                            "0\n0\n0\n0\n0\n0\n0\n0\n");
  auto got = execute({}, "[[edge]]\nfrom = 2\nto = 1\nboth_ways = false\n"
                         "trace = \""
                           + trace + "\"\n");
  REQUIRE(got.end.code == exit_code::success);
  CHECK(got.missed[{2, 1}] == 3);
  CHECK(got.told("node 1 waits for node 2 no more"));
  CHECK(got.told("node 1 hears from node 2 again"));
  CHECK(got.duration() == Approx(0.3 + 3 * 0.1));
}

TEST_CASE("with max_missed 0 a missed swap ends the run", "[lateness]") {
  auto got = execute({"swaps.max_missed=0"}, mute);
  CHECK(got.end.code == exit_code::lost);
  CHECK(got.end.text
        == "node 1 has waited 0.100 s for the message of step 1 from node 2, "
           "longer than swaps.timeout (100ms)");
  CHECK(got.weights.size() == 4);
}

TEST_CASE("latency within the deadline changes no result", "[lateness]") {
  // No message overtakes another one, which would be given up for it.
  for (const auto& protocol : peer_protocols()) {
    INFO(protocol);
    auto settings = settings_of(protocol);
    auto ideal = execute(settings);
    auto late = execute(settings
                        + std::vector<std::string>{
                          "link.latency=15ms", "link.jitter=4ms",
                          "link.distribution=uniform"});
    REQUIRE(late.end.text == "");
    CHECK(late.duration() > ideal.duration());
    for (node_id i = 0; i < 4; ++i)
      CHECK(at::equal(late.weights[i], ideal.weights[i]));
    CHECK(late.events.empty());
  }
}

TEST_CASE("copies of messages change no result", "[lateness]") {
  for (const auto& protocol : peer_protocols()) {
    INFO(protocol);
    auto settings = settings_of(protocol);
    auto ideal = execute(settings);
    auto twice = execute(
      settings
      + std::vector<std::string>{"link.duplicate=1", "link.latency=4ms"});
    REQUIRE(twice.end.text == "");
    for (node_id i = 0; i < 4; ++i)
      CHECK(at::equal(twice.weights[i], ideal.weights[i]));
  }
}

TEST_CASE("every protocol bears losses and a slow node", "[lateness]") {
  auto step = GENERATE("round_step", "async_step");
  for (const auto& protocol : peer_protocols()) {
    INFO(protocol << ", " << step);
    auto got = execute(
      settings_of(protocol)
        + std::vector<std::string>{"link.drop=0.05", "link.latency=2ms",
                                   std::string{"swaps.step="} + step},
      "[[node]]\nid = 2\nfactor = 10\n");
    CHECK(got.end.text == "");
    CHECK(got.rows.size() == 4 * 30);
    for (const auto& [node, x] : got.weights)
      CHECK(std::isfinite(x.abs().max().item<double>()));
    // Waiting for nobody, the fast nodes are done long before the slow one.
    if (std::string{step} == "async_step")
      for (const auto& x : got.rows)
        CHECK(x.time
              == Approx(0.01 * static_cast<double>(x.epoch)
                        * (x.node == 2 ? 10 : 1)));
  }
}
