#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/gradient.hpp"
#include "models/optim/sgd.hpp"
#include "runtime/components/components.hpp"
#include "runtime/run/run.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

using namespace caps;

namespace {

/// Least squares in double precision; `more` overrides keys.
run_plan plan_of(const std::vector<std::string>& more) {
  constexpr auto text = R"(
seed = 5
nodes.count = 4
data.name = "least_squares"
data.rows = 24
data.features = 7
data.groups = 4
data.spread = 1
partition.kind = "contiguous"
model.name = "least_squares"
model.dtype = "float64"
training.batch = 0
training.epochs = 25
optimizer.lr = 0.01
protocol.name = "sync_sgd"
)";
  auto result = make_plan(
    parse_scenario(text, "test", more, built_in_components()));
  auto numel = result.model->layout().numel();
  result.environment->start_weights = at::zeros({numel}, at::kDouble);
  result.environment->start_buffers = at::zeros({0}, at::kDouble);
  return result;
}

class recorder final : public run_observer {
public:
  void on_row(const metrics_row& x) override { rows.push_back(x); }
  void on_event(const node_event& x) override { events.push_back(x.text); }
  void on_metrics(const node_metrics& x) override {
    metrics[x.stamp.source] = x;
  }
  void on_snapshot(const node_snapshot& x) override {
    weights = to_tensor(x.weights).clone();
    versions.push_back(x.stamp.step);
  }

  bool told(const std::string& part) const {
    return std::ranges::any_of(events, [&](const std::string& x) {
      return x.find(part) != std::string::npos;
    });
  }

  /// The histogram of a metric about `of`.
  std::map<int64_t, double> histogram(node_id node, const std::string& name,
                                      const std::string& of) {
    std::map<int64_t, double> result;
    for (const auto& x : metrics[node].values)
      if (x.name == name && x.of == of)
        result[x.at] = x.value;
    return result;
  }

  run_end end;
  std::vector<metrics_row> rows;
  std::vector<std::string> events;
  std::map<node_id, node_metrics> metrics;
  std::vector<int64_t> versions;
  /// The servers' last parameters.
  at::Tensor weights;
};

recorder execute(run_plan& plan) {
  recorder result;
  run_settings settings;
  settings.threads = 2;
  result.end = plan.content.clock == "virtual"
                 ? run_virtual(plan, settings, result)
                 : run_real(plan, settings, result);
  return result;
}

recorder execute(const std::vector<std::string>& settings) {
  auto plan = plan_of(settings);
  return execute(plan);
}

std::vector<std::string> operator+(std::vector<std::string> x,
                                   const std::vector<std::string>& y) {
  x.insert(x.end(), y.begin(), y.end());
  return x;
}

/// The gradient at `weights` over the samples, without any actor.
at::Tensor gradient_at(const run_plan& plan, const at::Tensor& weights,
                       const std::vector<int64_t>& samples) {
  auto result = at::zeros_like(weights);
  auto copy = weights.clone();
  compute_gradient(*plan.model, {copy, result, at::zeros({0}, at::kDouble)},
                   plan.data.train->gather(samples, at::kDouble), {});
  return result;
}

void check_error(const std::vector<std::string>& settings,
                 const std::string& expected) {
  try {
    plan_of(settings);
    FAIL("accepted");
  } catch (const input_error& e) {
    INFO(e.what());
    CHECK(std::string{e.what()}.find(expected) != std::string::npos);
  }
}

double largest(const at::Tensor& x) {
  return x.abs().max().item().toDouble();
}

} // namespace

TEST_CASE("sync_sgd with n workers is one node with the n-fold batch",
          "[parameter_server]") {
  auto plan = plan_of({"optimizer.momentum=0.9"});
  // The gradient of a batch is a sum here: the mean of n of them is that of
  // the union at 1/n of the learning rate.
  sgd rule{{.learning_rate = 0.01 / 4, .momentum = 0.9}};
  std::vector<int64_t> all;
  for (const auto& shard : plan.shard_of_node)
    all.insert(all.end(), shard.begin(), shard.end());
  REQUIRE(all.size() == 96);
  auto expected = at::zeros({7}, at::kDouble);
  for (int step = 0; step < 25; ++step)
    rule.step(expected, gradient_at(plan, expected, all), expected);
  auto result = execute(plan);
  REQUIRE(result.end.text == "");
  CHECK(largest(expected) > 0.1);
  CHECK(largest(result.weights - expected) <= 1e-13 * largest(expected));
  CHECK(result.versions.size() == 25);
  CHECK(result.versions.back() == 25);
}

TEST_CASE("servers that share the parameters compute what one computes",
          "[parameter_server]") {
  auto servers = GENERATE(2, 3, 7);
  auto setting = fmt::format("protocol.servers={}", servers);
  auto momentum = std::string{"optimizer.momentum=0.5"};
  auto one = execute({momentum});
  auto several = execute({momentum, setting});
  REQUIRE(several.end.text == "");
  CHECK(at::equal(one.weights, several.weights));
  CHECK(several.versions == one.versions);
  // One row each, of which the first server's has been measured.
  auto last = std::ranges::count_if(
    several.rows, [](const metrics_row& x) { return x.epoch == 25; });
  CHECK(last == 4 + servers);
  for (const auto& x : several.rows)
    CHECK(x.test.loss.has_value() == (x.node == 4));
}

TEST_CASE("sync_sgd gives the same on both clocks", "[parameter_server]") {
  auto now = execute({"clock.kind=real"});
  REQUIRE(now.end.text == "");
  CHECK(at::equal(now.weights, execute(std::vector<std::string>{}).weights));
}

TEST_CASE("a worker that starts before its server loses nothing",
          "[parameter_server]") {
  // Who starts first is up to the threads: try often.
  for (int i = 0; i < 30; ++i) {
    auto result = execute({"clock.kind=real", "training.epochs=1",
                           "protocol.name=async_sgd", "swaps.timeout=30s"});
    REQUIRE(result.end.text == "");
    for (node_id worker = 0; worker < 4; ++worker)
      REQUIRE(result.histogram(worker, "waiting_seconds", "")[0] < 30);
  }
}

TEST_CASE("async_sgd with one worker is plain SGD", "[parameter_server]") {
  auto clock = GENERATE("virtual", "real");
  auto servers = GENERATE(1, 3);
  auto plan = plan_of({"protocol.name=async_sgd", "nodes.count=1",
                       "training.batch=5", "optimizer.momentum=0.9",
                       "training.epochs=3", "optimizer.lr=0.003",
                       fmt::format("protocol.servers={}", servers),
                       fmt::format("clock.kind={}", clock)});
  sgd rule{{.learning_rate = 0.003, .momentum = 0.9}};
  sampler walk{plan.shard_of_node[0], {.batch_size = 5},
               random_stream{5, 0, "shuffle"}};
  auto expected = at::zeros({7}, at::kDouble);
  for (int step = 0; step < 3 * 20; ++step) {
    auto batch = walk.next();
    rule.step(expected,
              gradient_at(plan, expected, {batch.begin(), batch.end()}),
              expected);
  }
  auto result = execute(plan);
  REQUIRE(result.end.text == "");
  CHECK(at::equal(result.weights, expected));
  CHECK(result.histogram(1, "staleness", "0")
        == std::map<int64_t, double>{{0, 60}});
}

TEST_CASE("async_sgd corrects stale gradients as published",
          "[parameter_server]") {
  auto lambda = GENERATE(0.0, 0.7);
  auto inverse = GENERATE(false, true);
  // Worker 0 needs 10 ms a gradient, worker 1 37: while worker 1 computes,
  // worker 0 makes three updates, at times four.
  auto plan = plan_of({"protocol.name=async_sgd", "nodes.count=2",
                       "training.epochs=8", "optimizer.lr=0.001",
                       "compute.step_time=10ms",
                       "node=[{id=1, delay=\"27ms\"}]",
                       fmt::format("protocol.compensation={}", lambda),
                       fmt::format("protocol.staleness_rate={}",
                                   inverse ? "inverse" : "constant")});
  auto weights = at::zeros({7}, at::kDouble);
  std::vector<at::Tensor> pulled{weights.clone(), weights.clone()};
  std::vector<int64_t> version{0, 0}, time{10, 37}, left{8, 8};
  std::vector<std::map<int64_t, double>> histograms(2);
  for (int64_t step = 0; step < 16; ++step) {
    size_t i = left[1] == 0 || (left[0] > 0 && time[0] < time[1]) ? 0 : 1;
    auto g = gradient_at(plan, pulled[i], plan.shard_of_node[i]);
    auto staleness = step - version[i];
    ++histograms[i][staleness];
    auto rate = inverse && staleness > 1
                  ? 0.001 * (1 / static_cast<double>(staleness))
                  : 0.001;
    weights = weights - rate * (g + lambda * (g * g * (weights - pulled[i])));
    pulled[i] = weights.clone();
    version[i] = step + 1;
    time[i] += i == 0 ? 10 : 37;
    --left[i];
  }
  auto result = execute(plan);
  REQUIRE(result.end.text == "");
  CHECK(result.histogram(2, "staleness", "0") == histograms[0]);
  CHECK(result.histogram(2, "staleness", "1") == histograms[1]);
  CHECK(histograms[1].contains(3));
  CHECK(largest(result.weights - weights) <= 1e-13 * largest(weights));
}

TEST_CASE("a worker never gets further ahead than max_staleness",
          "[parameter_server]") {
  std::vector<std::string> settings{
    "protocol.name=async_sgd", "training.epochs=40",
    "node=[{id=2, factor=6.5}, {id=0, factor=1.3}]"};
  auto furthest = [](recorder& x) {
    int64_t result = 0;
    for (auto of : {"0", "1", "2", "3"})
      for (auto [ahead, count] : x.histogram(4, "steps_ahead", of))
        result = std::max(result, ahead);
    return result;
  };
  auto free = execute(settings);
  CHECK(furthest(free) > 20);
  auto bound = GENERATE(0, 1, 4);
  auto bounded = execute(
    settings + std::vector{fmt::format("protocol.max_staleness={}", bound)});
  REQUIRE(bounded.end.text == "");
  CHECK(furthest(bounded) == bound);
  CHECK(bounded.versions.back() == 160);
}

TEST_CASE("sync_sgd drops what backup workers send late",
          "[parameter_server]") {
  auto result = execute({"protocol.backup_workers=1",
                         "node=[{id=3, factor=3.5}]"});
  REQUIRE(result.end.text == "");
  CHECK(result.versions.back() == 25);
  auto dropped = result.histogram(4, "late_gradients_dropped", "");
  CHECK(dropped[0] == 7); // one every 3.5 steps
  // What is left is the mean of three workers' gradients in every step.
  auto plan = plan_of({});
  sgd rule{{.learning_rate = 0.01 / 3}};
  std::vector<int64_t> first;
  for (size_t i = 0; i < 3; ++i)
    first.insert(first.end(), plan.shard_of_node[i].begin(),
                 plan.shard_of_node[i].end());
  auto expected = at::zeros({7}, at::kDouble);
  for (int step = 0; step < 25; ++step)
    rule.step(expected, gradient_at(plan, expected, first), expected);
  CHECK(largest(result.weights - expected) <= 1e-13 * largest(expected));
}

TEST_CASE("the loss of a worker ends a run or not, as the scenario says",
          "[parameter_server]") {
  std::vector<std::string> silent{"node=[{id=2, delay=\"20s\"}]",
                                  "swaps.timeout=300ms"};
  SECTION("sync_sgd ends with an error") {
    auto result = execute(silent);
    CHECK(result.end.code == exit_code::lost);
    CHECK(result.end.text.find("without worker 2") != std::string::npos);
    CHECK(result.end.text.find("min_workers is 4") != std::string::npos);
  }
  SECTION("sync_sgd goes on") {
    auto result
      = execute(silent + std::vector<std::string>{"protocol.min_workers=3"});
    CHECK(result.end.text == "");
    CHECK(result.versions.back() == 25);
    CHECK(result.told("server 4 goes on without worker 2"));
  }
  SECTION("async_sgd goes on") {
    auto more = GENERATE(as<std::string>{}, "protocol.max_staleness=2");
    auto result = execute(silent + std::vector<std::string>{
                            "protocol.name=async_sgd"}
                          + (more.empty() ? std::vector<std::string>{}
                                          : std::vector{more}));
    CHECK(result.end.text == "");
    CHECK(result.versions.back() == 75);
    CHECK(result.told("server 4 goes on without worker 2"));
  }
  SECTION("the last one is needed") {
    auto result = execute(
      {"compute.delay=20s", "swaps.timeout=300ms", "protocol.name=async_sgd"});
    CHECK(result.end.code == exit_code::lost);
    CHECK(result.end.text.find("0 of 4 workers are left") != std::string::npos);
  }
}

TEST_CASE("runs with servers are the same to the bit every time",
          "[parameter_server]") {
  std::vector<std::string> settings{
    "protocol.name=async_sgd", "compute.delay=30ms", "compute.delay_std=20ms",
    "training.batch=4", "training.epochs=5", "optimizer.lr=0.002",
    "protocol.servers=2", "link.latency=3ms"};
  auto first = execute(settings);
  auto second = execute(settings);
  REQUIRE(first.end.text == "");
  CHECK(at::equal(first.weights, second.weights));
  CHECK(first.histogram(4, "staleness", "1").size() > 2);
  CHECK(first.histogram(4, "staleness", "1")
        == second.histogram(4, "staleness", "1"));
}

TEST_CASE("scenarios with servers are refused if they make no sense",
          "[parameter_server]") {
  check_error({"protocol.backup_workers=4"}, "only 4 workers");
  check_error({"protocol.name=async_sgd", "protocol.max_staleness=-1"},
              "max_staleness");
  check_error({"protocol.name=async_sgd", "protocol.max_staleness=1.5"},
              "counts steps");
  check_error({"protocol={name=\"sync_sgd\", compensation=0.5}"},
              "unknown key 'protocol.compensation'");
  check_error({"protocol.min_workers=5"}, "only 4 workers");
  check_error({"protocol.servers=8"}, "cannot share 7 parameters");
  check_error({"topology.kind=full"},
              "topology.kind: sync_sgd makes no use of it");
  check_error({"training.same_start=false"}, "training.same_start");
  check_error({"nodes.count=3", "data.name=\"synthetic\"",
               "model.name=\"logistic\"", "partition.kind=\"labels\""},
              "10 classes evenly to 3 nodes");
}
