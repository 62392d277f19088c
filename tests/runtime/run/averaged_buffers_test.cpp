// Statistics of batch normalization that peers average: training.buffers.

#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/errors.hpp"
#include "runtime/components/components.hpp"
#include "runtime/run/run.hpp"
#include "runtime/run/run_estimate.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <map>

using Catch::Contains;
using namespace caps;

namespace {

using words = std::vector<std::string>;

/// Nodes with different pictures and a net with statistics of them.
constexpr auto scenario_text = R"(
seed = 3
nodes.count = 4
topology = {kind = "full"}
data = {name = "synthetic", train = 128, test = 24, height = 6, width = 6}
partition = {kind = "shards", shards_per_node = 1}
model = {name = "mlp", hidden = [6], batch_norm = true, dtype = "float64"}
training = {batch = 8, epochs = 3}
optimizer.lr = 0.05
compute.step_time = "10ms"
)";

run_plan plan_with(const words& settings) {
  return make_plan(
    parse_scenario(scenario_text, "test", settings, built_in_components()));
}

/// What a run left.
struct result final : run_observer {
  void on_snapshot(const node_snapshot& x) override {
    if (!x.final)
      return;
    weights.push_back(to_tensor(x.weights).clone());
    buffers.push_back(to_tensor(x.buffers).clone());
    messages += x.messages_sent;
    bytes += x.bytes_sent;
  }

  /// How far the nodes' statistics are apart.
  double spread() const {
    return at::stack(buffers).std(0).norm().item<double>();
  }

  run_end end;
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> buffers;
  uint64_t messages = 0;
  uint64_t bytes = 0;
};

result run(const words& settings) {
  auto plan = plan_with(settings);
  result x;
  x.end = run_virtual(plan, {}, x);
  REQUIRE(x.end.text.empty());
  REQUIRE(x.buffers.size() == 4);
  return x;
}

words operator+(words x, const std::string& y) {
  x.push_back(y);
  return x;
}

} // namespace

TEST_CASE("averaged statistics come closer and change nothing else",
          "[averaged_buffers]") {
  auto settings = GENERATE(
    words{"protocol.mix=fresh"}, words{"protocol.mix=last"},
    words{"protocol.mix=fresh", "swaps.kind=random_matching"},
    words{"protocol.mix=fresh", "protocol.compressor=half"},
    words{"protocol.name=gossip_sgd"},
    words{"protocol.name=gossip_sgd", "swaps.kind=rotation"},
    words{"protocol={name=\"pdmm_sgd\", mu=50, eta=1}"},
    words{"protocol={name=\"pdmm_isvr\"}", "swaps={kind=\"round\", steps=3}"},
    words{"protocol.name=c_admm"}, words{"protocol.name=push_sum"},
    words{"protocol.name=push_sum",
          "topology={kind=\"exponential\", one_way=true}"},
    words{"protocol.name=choco_sgd"},
    words{"protocol.name=d_squared", "topology.lazy=true"},
    words{"protocol.name=gradient_tracking"});
  INFO(fmt::format("{}", fmt::join(settings, " ")));
  auto local = run(settings + "training.buffers=local");
  auto averaged = run(settings + "training.buffers=averaged");
  CHECK(local.spread() > 0.1);
  CHECK(averaged.spread() < 0.7 * local.spread());
  // Training sees the statistics of its batches alone.
  for (size_t i = 0; i < local.weights.size(); ++i)
    CHECK(at::equal(averaged.weights[i], local.weights[i]));
  // They travel in the same messages: type, rank, extent, size, elements.
  CHECK(averaged.messages == local.messages);
  auto added = 1 + 1 + 8 + 8 + averaged.buffers[0].nbytes();
  CHECK(averaged.bytes == local.bytes + averaged.messages * added);
}

TEST_CASE("statistics are averaged as parameters are", "[averaged_buffers]") {
  // Everybody averages all there is.
  auto all = run({"protocol.mix=fresh", "topology.mixing=uniform",
                  "training.buffers=averaged"});
  for (const auto& x : all.buffers)
    CHECK(x.sub(all.buffers[0]).norm().item<double>() < 1e-12);
  // Nodes that hear nobody keep their own where there is no average else.
  words alone{"protocol={name=\"pdmm_sgd\", mu=50, eta=1}",
              "link.drop=0.999999", "swaps.timeout=1ms"};
  auto own = run(alone + "training.buffers=local");
  auto kept = run(alone + "training.buffers=averaged");
  for (size_t i = 0; i < own.buffers.size(); ++i)
    CHECK(at::equal(kept.buffers[i], own.buffers[i]));
}

TEST_CASE("estimates know averaged statistics", "[averaged_buffers]") {
  auto bytes = [](const words& settings) {
    return traffic_of(plan_with(settings)).bytes_a_round;
  };
  // Twelve neighbours get two statistics of six units.
  CHECK(bytes({}) == bytes({"training.buffers=local"}) + 12 * 2 * 6 * 8);
}

TEST_CASE("who averages no statistics says so", "[averaged_buffers]") {
  CHECK_THROWS_WITH(plan_with({"protocol.name=sync_sgd",
                               "training.buffers=local"}),
                    Contains("training.buffers: sync_sgd makes no use of it"));
  auto plan
    = plan_with({"model={name=\"logistic\"}", "training.buffers=local"});
  CHECK_FALSE(plan.environment->averages_buffers);
  REQUIRE(plan.warnings.size() == 1);
  CHECK_THAT(plan.warnings.front(),
             Contains("training.buffers: changes nothing: the model has none"));
}
