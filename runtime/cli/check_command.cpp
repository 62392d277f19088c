#include "runtime/cli/commands.hpp"

#include "models/data/partition.hpp"
#include "models/memory.hpp"
#include "runtime/cli/job_command.hpp"
#include "runtime/cli/json_output.hpp"
#include "runtime/cli/run_scenario.hpp"
#include "runtime/cluster/head_of_hosts.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/summary.hpp"
#include "runtime/run/run_estimate.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

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

/// What the run that is checked will take, on this machine.
run_estimate estimate(const run_plan& plan, const cli_options& options) {
  return estimate_run(plan, options.thread_count(), options.processes,
                      static_cast<double>(peak_memory_bytes()));
}

void print_estimate(const run_plan& plan, const cli_options& options) {
  auto x = estimate(plan, options);
  auto threads = options.thread_count();
  print("# estimate: {} of memory, a recording of {}, {} on {} thread{}\n",
        human_bytes(x.memory_bytes), human_bytes(x.recording_bytes),
        human_seconds(x.wall_seconds), threads, threads == 1 ? "" : "s");
  auto limit = static_cast<double>(memory_limit_bytes());
  if (x.memory_bytes > limit)
    print("# warning: there are only {} of memory\n", human_bytes(limit));
  auto free = static_cast<double>(std::filesystem::space(".").available);
  if (x.recording_bytes + weights_bytes(plan) > free)
    print("# warning: only {} are free on the disk\n", human_bytes(free));
}

void print_cost(const run_plan& plan) {
  const auto& x = plan.content;
  const auto& layout = plan.model->layout();
  print("# model: {}, {} parameters ({}), {} buffers, {} multiply-adds a "
        "sample\n",
        x.model.name(), layout.numel(), human_bytes(vector_bytes(plan)),
        layout.buffer_numel(), plan.model->multiply_adds());
  print("# steps: {} a {} ({} epochs of {}), batch {}\n", steps_a_node(plan),
        plan.environment->servers.empty() ? "node" : "worker",
        plan.environment->epochs, plan.environment->steps_per_epoch, x.batch);
  auto sent = traffic_of(plan);
  print("# traffic: {} messages and {} a round of {} step{}, {} in all\n",
        to_text(sent.messages_a_round), human_bytes(sent.bytes_a_round),
        sent.steps_a_round, sent.steps_a_round == 1 ? "" : "s",
        human_bytes(sent.bytes));
}

/// Training samples that are not held out, held out ones, and those to test.
struct sample_counts {
  int64_t train = 0;
  int64_t validation = 0;
  int64_t test = 0;
};

sample_counts samples_of(const run_plan& plan) {
  auto held_out = std::ssize(plan.validation);
  return {plan.data.train->size() - held_out, held_out,
          plan.data.test ? plan.data.test->size() : 0};
}

void print_shards(const run_plan& plan) {
  auto samples = samples_of(plan);
  print("# samples: {} to train, {} held out, {} to test\n", samples.train,
        samples.validation, samples.test);
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

json_object graph_json(const run_plan& plan) {
  auto [low, high] = std::ranges::minmax(
    plan.topology.out, {}, [](const auto& xs) { return xs.size(); });
  const auto& facts = plan.mixing_facts;
  return {{"edges", plan.topology.edges()},
          {"directed", plan.topology.directed},
          {"degree_min", low.size()},
          {"degree_max", high.size()},
          {"doubly_stochastic", facts.not_doubly_stochastic.empty()},
          {"spectral_gap", json_number(facts.spectral_gap)}};
}

/// The scenario with all its keys, as JSON.
json_object scenario_json(scenario& x) {
  auto table = toml::parse(to_toml(x));
  std::ostringstream text;
  text << toml::json_formatter(table);
  return json_object::parse(text.str());
}

json_object plan_json(run_plan& plan, const cli_options& options) {
  const auto& layout = plan.model->layout();
  auto sent = traffic_of(plan);
  auto samples = samples_of(plan);
  auto shards = json_object::array();
  for (const auto& shard : plan.shard_of_node)
    shards.push_back(
      {{"samples", shard.size()},
       {"by_class", class_histogram(*plan.data.train, shard)}});
  auto servers = plan.environment->servers.size();
  auto costs = estimate(plan, options);
  return {{"file", options.scenario.string()},
          {"nodes", plan.content.nodes},
          {"servers", servers},
          {"graph", servers > 0 ? json_object(nullptr) : graph_json(plan)},
          {"parameters", layout.numel()},
          {"parameter_bytes", vector_bytes(plan)},
          {"buffers", layout.buffer_numel()},
          {"multiply_adds", plan.model->multiply_adds()},
          {"steps", steps_a_node(plan)},
          {"steps_per_epoch", plan.environment->steps_per_epoch},
          {"messages_a_round", sent.messages_a_round},
          {"bytes_a_round", sent.bytes_a_round},
          {"steps_a_round", sent.steps_a_round},
          {"bytes_sent", sent.bytes},
          {"train_samples", samples.train},
          {"validation_samples", samples.validation},
          {"test_samples", samples.test},
          {"shards", shards},
          {"estimate",
           {{"memory_bytes", costs.memory_bytes},
            {"recording_bytes", costs.recording_bytes},
            {"wall_seconds", costs.wall_seconds}}},
          {"scenario", scenario_json(plan.content)}};
}

} // namespace

exit_code check_command(const cli_options& options, const components& known) {
  setup_phase setup{{}};
  setup.begin("reading the scenario");
  auto hosts = hosts_of(options, job_of(options));
  auto plan = make_plan(load_run(options, known), &setup);
  setup.end();
  if (hosts)
    place_nodes(hosts->all(), plan.environment->nodes, servers_of(plan));
  if (options.json) {
    print_json(plan_json(plan, options));
    return exit_code::success;
  }
  print("# {} is a valid scenario\n", options.scenario.string());
  for (const auto& x : plan.warnings)
    print("# warning: {}\n", x);
  if (plan.environment->servers.empty())
    print_graph(plan);
  else
    print_servers(plan);
  print_cost(plan);
  print_estimate(plan, options);
  print_shards(plan);
  print("\n{}", to_toml(plan.content));
  flush_standard_output();
  return exit_code::success;
}

} // namespace caps
