#include "tests/runtime/support/reference_run.hpp"

#include "tests/support/catch.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/data/row_dataset.hpp"
#include "runtime/components/components.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <fmt/format.h>

namespace caps::test {

namespace {

/// Linear regression on the flat vector of any layout: the loss of a row a
/// with target b is (a w - b)^2 / 2.
class flat_regression final : public net {
public:
  using net::net;

  at::Tensor forward(const forward_pass& pass,
                     const at::Tensor& input) const override {
    std::vector<at::Tensor> parts;
    for (const auto& x : pass.parameters)
      parts.push_back(x.flatten());
    return input.mv(at::cat(parts));
  }

  at::Tensor loss(const at::Tensor& output,
                  const at::Tensor& target) const override {
    return output.sub(target).square().sum().mul(0.5);
  }

  bool sums_loss() const override { return true; }

  int64_t multiply_adds() const override { return layout().numel(); }
};

/// "dsgd_round8" is the protocol "dsgd".
std::string protocol_of(const reference& x) {
  for (auto name : {"dsgd", "gossip_sgd", "pdmm_sgd", "admm_sgd", "pdmm_isvr",
                    "admm_isvr", "c_admm"})
    if (x.runs(name))
      return name;
  FAIL("no protocol for " << x.protocol);
  return {};
}

std::string swaps_of(const reference& x) {
  if (x.interval > 0)
    return fmt::format("kind = \"rotation\"\ninterval = {}\n", x.interval);
  std::vector<int64_t> positions;
  for (auto [i, j, c] : x.initiates)
    positions.insert(positions.end(), {i, j, c});
  return fmt::format("kind = \"round\"\nsteps = {}\npositions = [{}]\n",
                     x.round, fmt::join(positions, ", "));
}

std::string options_of(const reference& x, const std::string& protocol) {
  const auto& h = x.hyper;
  if (protocol == "pdmm_sgd" || protocol == "admm_sgd")
    return fmt::format("mu = {}\neta = {}\nrho = {}\n", h.mu, h.eta, h.rho);
  if (protocol == "pdmm_isvr" || protocol == "admm_isvr")
    return fmt::format("piw = {}\nuse_gcoef = {}\n", h.piw, h.use_gcoef);
  return "";
}

std::string scenario_of(const reference& x, int64_t steps) {
  auto protocol = protocol_of(x);
  const auto& h = x.hyper;
  auto rate = h.learning_rate > 0 ? h.learning_rate : 1 / h.mu;
  std::vector<int64_t> ends;
  for (size_t i = 0; i < x.nodes; ++i)
    for (auto j : x.neighbours[i])
      if (static_cast<int64_t>(i) < j)
        ends.insert(ends.end(), {static_cast<int64_t>(i), j});
  // Only what the protocol makes use of may be said.
  auto mixing
    = protocol == "dsgd" && x.interval == 0 ? "mixing = \"uniform\"\n" : "";
  auto optimizer
    = protocol == "c_admm"
        ? std::string{}
        : fmt::format("[optimizer]\nname = \"sgd\"\nlr = {}\nmomentum = {}\n"
                      "dampening = {}\nweight_decay = {}\nnesterov = {}\n",
                      rate, h.momentum, h.dampening, h.weight_decay,
                      h.nesterov);
  return fmt::format(
    "seed = 1\n[nodes]\ncount = {}\n"
    "[topology]\nkind = \"edges\"\nedges = [{}]\n{}"
    "[swaps]\n{}"
    "[data]\nname = \"least_squares\"\n"
    "[model]\nname = \"least_squares\"\ndtype = \"float64\"\n"
    "[training]\nepochs = {}\nbatch = 0\n"
    "{}"
    "[protocol]\nname = \"{}\"\n{}",
    x.nodes, fmt::join(ends, ", "), mixing, swaps_of(x), steps, optimizer,
    protocol, options_of(x, protocol));
}

/// All losses as one dataset; node i owns a run of rows.
void put_in_losses(const reference& x, run_plan& plan) {
  std::vector<double> rows, targets;
  for (size_t i = 0; i < x.nodes; ++i) {
    const auto& loss = x.losses[i];
    auto& shard = plan.nodes[i].shard;
    shard.clear();
    for (size_t k = 0; k < loss.b.size(); ++k) {
      shard.push_back(static_cast<int64_t>(targets.size()));
      rows.insert(rows.end(), loss.a[k].begin(), loss.a[k].end());
      targets.push_back(loss.b[k]);
    }
  }
  auto samples = static_cast<int64_t>(targets.size());
  plan.data.train = std::make_shared<row_dataset>(
    at::tensor(rows).view({samples, -1}), at::tensor(targets));
  plan.data.test = nullptr;
  plan.environment->train = plan.data.train;
  plan.environment->steps_per_epoch = 1;
}

/// The order of neighbours decides the order of averages and turns.
void put_in_order(const reference& x, run_plan& plan) {
  for (size_t i = 0; i < x.nodes; ++i) {
    auto& node = plan.nodes[i];
    auto before = node.in_neighbours;
    node.in_neighbours.clear();
    node.out_neighbours.clear();
    for (auto j : x.neighbours[i]) {
      auto id = static_cast<node_id>(j);
      node.in_neighbours.push_back(
        *std::ranges::find(before, id, &neighbour::id));
      node.out_neighbours.push_back(id);
    }
  }
  plan.environment->swaps.schedule
    = plan.content.swaps.recipe()->make({x.neighbours, false, 1});
}

class trajectory_recorder final : public run_observer {
public:
  explicit trajectory_recorder(size_t nodes) : nodes_(nodes) {}

  void on_snapshot(const node_snapshot& x) override {
    auto step = static_cast<size_t>(x.stamp.step);
    if (steps.size() < step)
      steps.resize(step, std::vector<vector>(nodes_));
    auto weights = to_tensor(x.weights).contiguous();
    auto data = weights.data_ptr<double>();
    steps[step - 1][static_cast<size_t>(x.stamp.source)]
      .assign(data, data + weights.numel());
  }

  std::vector<std::vector<vector>> steps;

private:
  size_t nodes_;
};

} // namespace

run_plan plan_of(const reference& x, int64_t steps,
                 const std::vector<std::string>& settings) {
  auto plan = make_plan(parse_scenario(scenario_of(x, steps), x.name, settings,
                                       built_in_components()));
  plan.model = std::make_shared<flat_regression>(x.layout);
  plan.environment->model = plan.model;
  put_in_losses(x, plan);
  put_in_order(x, plan);
  for (size_t i = 0; i < x.nodes; ++i)
    REQUIRE(x.start[i] == x.start[0]);
  plan.environment->start_weights = at::tensor(x.start[0]);
  plan.environment->start_buffers = at::tensor(vector{});
  return plan;
}

std::vector<std::vector<vector>> trajectory_of(run_plan& plan,
                                               size_t threads) {
  trajectory_recorder recorder{plan.nodes.size()};
  run_settings settings;
  settings.threads = threads;
  auto end = run_virtual(plan, settings, recorder);
  INFO(end.text);
  REQUIRE(end.code == exit_code::success);
  return std::move(recorder.steps);
}

} // namespace caps::test
