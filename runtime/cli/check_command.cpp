#include "runtime/cli/commands.hpp"

#include "models/data/partition.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/console.hpp"
#include "runtime/run/plan.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

/// Shards shown; the rest is summed up.
constexpr size_t shards_shown_max = 16;

void print_servers(const run_plan& plan) {
  const auto& servers = plan.environment->servers;
  print("# nodes: {} workers (0 to {}), {} parameter server{} ({} to {}) "
             "of {} to {} parameters; [topology] and [swaps] kind and step are "
             "not used\n",
             plan.content.nodes, plan.content.nodes - 1, servers.size(),
             servers.size() == 1 ? "" : "s", servers.front().server,
             servers.back().server, servers.front().part.numel,
             servers.back().part.numel);
}

void print_graph(const run_plan& plan) {
  auto degrees = plan.topology.out;
  auto [low, high] = std::ranges::minmax(
    plan.topology.out, {}, [](const auto& xs) { return xs.size(); });
  print("# nodes: {}, {}: {} {}, degree {} to {}, connected\n",
             plan.topology.nodes(), plan.content.topology.name(),
             plan.topology.edges(),
             plan.topology.directed ? "directed edges" : "edges", low.size(),
             high.size());
  const auto& facts = plan.mixing_facts;
  print("# mixing: {}, {}, spectral gap {}\n", plan.content.mixing,
             facts.not_doubly_stochastic.empty()
               ? "doubly stochastic"
               : "not doubly stochastic (" + facts.not_doubly_stochastic + ")",
             facts.spectral_gap ? fmt::format("{:.4g}", *facts.spectral_gap)
                                : "unknown");
}

void print_cost(const run_plan& plan) {
  const auto& x = plan.content;
  const auto& layout = plan.model->layout();
  auto width = static_cast<double>(c10::elementSize(
    c10::typeMetaToScalarType(plan.environment->options.dtype())));
  auto vector_bytes = static_cast<double>(layout.numel()) * width;
  print("# model: {}, {} parameters ({}), {} buffers, {} multiply-adds a "
             "sample\n",
             x.model.name(), layout.numel(), human_bytes(vector_bytes),
             layout.buffer_numel(), plan.model->multiply_adds());
  double messages = 0, vectors = 0;
  int64_t steps_a_round = 1;
  for (const auto& node : plan.nodes) {
    auto cost = x.protocol.recipe()->cost(setting_of(plan, node, 0));
    messages += cost.messages;
    vectors += cost.vectors;
    steps_a_round = cost.steps;
  }
  auto steps = plan.environment->epochs * plan.environment->steps_per_epoch;
  auto rounds = static_cast<double>(steps) / static_cast<double>(steps_a_round);
  print("# steps: {} a {} ({} epochs of {}), batch {}\n", steps,
             plan.environment->servers.empty() ? "node" : "worker",
             plan.environment->epochs, plan.environment->steps_per_epoch,
             x.batch);
  print("# traffic: {} messages and {} a round of {} step{}, {} in all\n",
             to_text(messages), human_bytes(vectors * vector_bytes),
             steps_a_round, steps_a_round == 1 ? "" : "s",
             human_bytes(rounds * vectors * vector_bytes));
}

void print_shards(const run_plan& plan) {
  print(
    "# samples: {} to train, {} held out, {} to test\n",
    plan.data.train->size() - static_cast<int64_t>(plan.validation.size()),
    plan.validation.size(), plan.data.test ? plan.data.test->size() : 0);
  for (size_t i = 0; i < plan.shard_of_node.size(); ++i) {
    if (i == shards_shown_max) {
      print("# ... and {} more nodes\n",
                 plan.shard_of_node.size() - shards_shown_max);
      break;
    }
    const auto& shard = plan.shard_of_node[i];
    auto histogram = class_histogram(*plan.data.train, shard);
    print("# node {}: {} samples{}\n", i, shard.size(),
               histogram.empty()
                 ? ""
                 : fmt::format(", by class: {}", fmt::join(histogram, " ")));
  }
}

} // namespace

exit_code check_command(const cli_options& options, const components& known) {
  setup_phase setup{{}};
  setup.begin("reading the scenario");
  auto plan
    = make_plan(load_scenario(options.scenario, options.all_settings(), known),
                &setup);
  setup.end();
  print("# {} is a valid scenario\n", options.scenario.string());
  if (plan.environment->servers.empty())
    print_graph(plan);
  else
    print_servers(plan);
  print_cost(plan);
  print_shards(plan);
  print("\n{}", to_toml(plan.content));
  flush_standard_output();
  return exit_code::success;
}

} // namespace caps
