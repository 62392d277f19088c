#include "runtime/run/plan.hpp"

#include "models/device.hpp"
#include "models/memory.hpp"
#include "runtime/process/arithmetic.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/run/key_checks.hpp"
#include "runtime/run/membership_plan.hpp"
#include "runtime/run/settled_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace caps {

namespace {

/// The servers' parts of the parameters, which differ by an element at most.
std::vector<server_part> cut_parameters(int64_t workers, int64_t servers,
                                        int64_t numel,
                                        const source_map& places) {
  return places.locate("protocol.servers", [&] {
    if (servers > numel)
      throw input_error(fmt::format("protocol.servers: {} servers cannot share "
                                    "{} parameters",
                                    servers, numel));
    std::vector<server_part> result;
    for (int64_t i = 0; i < servers; ++i) {
      auto first = numel * i / servers;
      result.push_back({static_cast<node_id>(workers + i),
                        {first, numel * (i + 1) / servers - first}});
    }
    return result;
  });
}

/// Weights of single edges instead of those of the mixing.
void give_weights(const scenario& x, const graph& topology,
                  const source_map& places, mixing_matrix& mixing) {
  auto nodes = topology.nodes();
  for (size_t i = 0; i < x.link_overrides.size(); ++i) {
    const auto& edge = x.link_overrides[i];
    if (edge.weight < 0)
      continue;
    places.locate(fmt::format("edge[{}].weight", i), [&] {
      if (edge.from >= nodes || edge.to >= nodes)
        throw input_error(fmt::format("edge: nodes are 0 to {}", nodes - 1));
      auto from = static_cast<size_t>(edge.from);
      auto to = static_cast<size_t>(edge.to);
      set_weight(mixing, to, from, edge.weight);
      if (edge.both_ways && !topology.directed)
        set_weight(mixing, from, to, edge.weight);
    });
  }
  check_weights(mixing);
}

/// `used`: whether the protocol averages with these weights.
mixing_matrix make_mixing(const scenario& x, const graph& topology, bool used,
                          const source_map& places) {
  return places.locate("topology.mixing", [&] {
    if (topology.directed && used && x.mixing != "uniform")
      throw input_error("metropolis_hastings weights need an undirected graph; "
                        "set topology.mixing = \"uniform\"");
    auto result = x.mixing == "uniform" || topology.directed
                    ? uniform_mixing(topology.in())
                    : metropolis_hastings_mixing(topology.in());
    give_weights(x, topology, places, result);
    return x.lazy ? lazy_mixing(std::move(result)) : result;
  });
}

mixing_report examine(const mixing_matrix& mixing) {
  mixing_report result;
  try {
    check_doubly_stochastic(mixing);
  } catch (const input_error& e) {
    result.not_doubly_stochastic = e.what();
  }
  try {
    result.spectral_gap = spectral_gap(mixing);
  } catch (const input_error&) {
    // Directed weights that are not doubly stochastic have no such number, and
    // that of a very large graph takes too long.
  }
  return result;
}

shards deal(const scenario& x, const dataset& train,
            std::span<const int64_t> samples, const source_map& places) {
  auto key = places.knows("partition") ? "partition" : "nodes.count";
  return places.locate(key, [&] {
    random_stream stream{static_cast<uint64_t>(x.seed), no_node, "partition"};
    return x.partition.recipe()->make({train, samples, x.nodes}, stream);
  });
}

/// Steps of one epoch over the largest shard.
int64_t steps_per_epoch(const shards& all, const sampler_options& sampling) {
  int64_t result = 0;
  for (const auto& shard : all)
    result = std::max(
      result, sampler{shard, sampling, random_stream{0}}.steps_per_epoch());
  return result;
}

std::vector<compute_model> compute_models(const scenario& x,
                                          const source_map& places) {
  std::vector<compute_model> result(static_cast<size_t>(x.nodes), x.compute);
  std::map<int64_t, size_t> first;
  for (size_t i = 0; i < x.node_overrides.size(); ++i) {
    const auto& override = x.node_overrides[i];
    if (auto [known, is_new] = first.emplace(override.id, i); !is_new)
      refuse_again("node", fmt::format("node {}", override.id), known->second,
                   i, places);
    places.locate(fmt::format("node[{}].id", i), [&] {
      if (override.id >= x.nodes)
        throw input_error(fmt::format("node.id: there is no node {}, nodes are "
                                      "0 to {}",
                                      override.id, x.nodes - 1));
    });
    result[static_cast<size_t>(override.id)] = override.compute;
  }
  return result;
}

/// A link of the scenario, checked, and its trace read.
link_model make_link(link_model link, const std::string& key,
                     const source_map& places) {
  places.locate(key, [&] { link.check(); });
  places.locate(key + ".trace", [&] { link.read_trace(); });
  return link;
}

void override_links(const scenario& x, const graph& topology,
                    const source_map& places, std::vector<node_config>& nodes) {
  std::map<std::pair<int64_t, int64_t>, size_t> first;
  size_t now = 0;
  auto set = [&](int64_t from, int64_t to, const link_model& link) {
    if (from >= topology.nodes() || to >= topology.nodes()
        || !std::ranges::binary_search(topology.out[static_cast<size_t>(from)],
                                       to))
      throw input_error(
        places.where(fmt::format("edge[{}]", now)) + ": "
        + fmt::format("edge: node {} does not send to node {}", from, to));
    if (auto [known, is_new] = first.emplace(std::pair{from, to}, now); !is_new)
      refuse_again("edge",
                   fmt::format("the edge from node {} to node {}", from, to),
                   known->second, now, places);
    nodes[static_cast<size_t>(from)].links[static_cast<node_id>(to)] = link;
  };
  for (size_t i = 0; i < x.link_overrides.size(); ++i) {
    const auto& edge = x.link_overrides[i];
    auto key = fmt::format("edge[{}]", i);
    now = i;
    auto link = make_link(edge.link, key, places);
    set(edge.from, edge.to, link);
    if (edge.both_ways && !topology.directed && edge.from != edge.to)
      set(edge.to, edge.from, link);
  }
}

void make_servers(const run_plan& plan, std::vector<node_config>& nodes) {
  const auto& e = *plan.environment;
  if (e.servers.empty())
    return;
  for (auto& node : nodes)
    node.role = node_role::worker;
  auto workers = plan.content.nodes;
  auto per_gradient
    = plan.content.protocol.recipe()->servers().update_per_gradient;
  for (const auto& x : e.servers) {
    auto& node = nodes[static_cast<size_t>(x.server)];
    node.role = node_role::parameter_server;
    node.part = x.part;
    node.updates_per_epoch = e.steps_per_epoch * (per_gradient ? workers : 1);
  }
}

std::vector<node_config> make_nodes(const run_plan& plan,
                                    const source_map& places) {
  const auto& x = plan.content;
  std::vector<node_config> result(static_cast<size_t>(plan.topology.nodes()));
  auto computing = compute_models(x, places);
  auto link = make_link(x.link, "link", places);
  for (size_t i = 0; i < result.size(); ++i) {
    auto& node = result[i];
    node.id = static_cast<node_id>(i);
    for (size_t k = 0; k < plan.mixing.graph[i].size(); ++k)
      node.in_neighbours.push_back(
        {static_cast<node_id>(plan.mixing.graph[i][k]),
         plan.mixing.neighbours[i][k]});
    node.new_link = link;
    for (auto to : plan.topology.out[i]) {
      node.out_neighbours.push_back(static_cast<node_id>(to));
      if (!link.ideal())
        node.links[static_cast<node_id>(to)] = link;
    }
    node.self_weight = plan.mixing.self[i];
    if (i >= plan.shard_of_node.size())
      continue; // a server
    node.shard = plan.shard_of_node[i];
    node.compute = computing[i];
  }
  make_servers(plan, result);
  override_links(x, plan.topology, places, result);
  return result;
}

void check_protocol(const run_plan& plan, const source_map& places) {
  auto learning_rate = places.locate("optimizer", [&] {
    return plan.content.optimizer.recipe()
      ->make(plan.model->layout_ptr(), at::kFloat)
      ->learning_rate();
  });
  places.locate("protocol", [&] {
    for (const auto& node : plan.nodes)
      plan.content.protocol.recipe()->check(
        setting_of(plan, node, learning_rate));
  });
}

std::shared_ptr<node_environment> make_environment(const run_plan& plan,
                                                   const source_map& places) {
  const auto& x = plan.content;
  auto result = std::make_shared<node_environment>();
  result->nodes = static_cast<node_id>(plan.topology.nodes());
  result->seed = static_cast<uint64_t>(x.seed);
  result->model = plan.model;
  result->start = x.initialization == "he" ? initialization::he
                                           : initialization::uniform_fan_in;
  result->same_start = x.same_start;
  auto device
    = places.locate("model.device", [&] { return find_device(x.device); });
  result->options
    = at::device(device).dtype(x.dtype == "float64" ? at::kDouble : at::kFloat);
  result->train = plan.data.train;
  result->change = {x.crop_padding, x.flip};
  result->epochs = x.epochs;
  result->sampling = {x.batch, x.train_length};
  result->steps_per_epoch
    = steps_per_epoch(plan.shard_of_node, result->sampling);
  result->snapshot_every = x.evaluation_every;
  result->report_every = x.rounds_every;
  result->optimizer = x.optimizer.recipe();
  result->protocol = x.protocol.recipe();
  return result;
}

/// Before anything is made for every node: each has its parameters and their
/// gradient at least.
void refuse_what_cannot_fit(const run_plan& plan, const source_map& places) {
  const auto& x = plan.content;
  auto numel = plan.model->layout().numel();
  auto width = x.dtype == "float64" ? 8 : 4;
  auto needed = 2. * width * static_cast<double>(numel)
                * static_cast<double>(x.nodes);
  auto limit = static_cast<double>(memory_limit_bytes());
  places.locate("nodes.count", [&] {
    if (x.device == "cpu" && needed > limit)
      throw input_error(fmt::format(
        "nodes.count: {} nodes with {} parameters take {:.1f} GB at least, and "
        "there are {:.1f} GB of memory",
        x.nodes, numel, needed / 1e9, limit / 1e9));
  });
}

/// Refuses a promise that this process cannot keep.
void check_arithmetic(const scenario& x, const source_map& places) {
  places.locate("arithmetic", [&] {
    if (x.arithmetic == "portable" && this_arithmetic() != portable_arithmetic())
      throw input_error(fmt::format(
        "arithmetic = \"portable\" computes with {}, but this process does so "
        "with {}",
        portable_arithmetic().text(), this_arithmetic().text()));
  });
}

} // namespace

node_setting setting_of(const run_plan& plan, const node_config& node,
                        double learning_rate) {
  node_setting result;
  result.id = node.id;
  result.role = node.role;
  for (const auto& x : node.in_neighbours)
    result.in_neighbours.push_back(x.id);
  result.out_neighbours = node.out_neighbours;
  result.directed = plan.topology.directed;
  result.same_start = plan.content.same_start;
  result.swaps = &plan.environment->swaps;
  result.mixing = &plan.mixing;
  result.learning_rate = learning_rate;
  return result;
}

run_plan make_plan(loaded_scenario loaded, setup_phase* setup) {
  auto begin = [setup](std::string_view what) {
    if (setup != nullptr)
      setup->begin(what);
  };
  const auto& places = loaded.places;
  run_plan result{
    std::move(loaded.content), {}, {}, {}, {}, {}, {}, {}, {}, {}};
  auto& x = result.content;
  auto seed = static_cast<uint64_t>(x.seed);
  check_arithmetic(x, places);
  begin("reading the data");
  result.data = places.locate("data", [&] {
    return x.data.recipe()->make({x.data_path, seed});
  });
  result.model = places.locate("model", [&] {
    return x.model.recipe()->make(result.data.train->shape());
  });
  refuse_what_cannot_fit(result, places);
  auto servers = x.protocol.recipe()->servers().servers;
  begin("drawing the graph");
  swap_plan swaps;
  std::tie(result.topology, swaps) = draw_settled(x, places);
  auto used = x.protocol.recipe()->uses(swaps);
  begin("weighing the edges of the graph");
  result.mixing = servers > 0
                    ? uniform_mixing(result.topology.in())
                    : make_mixing(x, result.topology, used.mixing, places);
  begin("finding how fast averages spread");
  if (servers == 0)
    result.mixing_facts = examine(result.mixing);
  begin("dealing the samples");
  auto split = places.locate("data.validation", [&] {
    random_stream stream{seed, no_node, "validation"};
    return hold_out(result.data.train->size(), x.validation, stream);
  });
  result.validation = std::move(split.validation);
  result.shard_of_node = deal(x, *result.data.train, split.train, places);
  result.environment = make_environment(result, places);
  result.environment->servers = cut_parameters(
    x.nodes, servers, result.model->layout().numel(), places);
  result.environment->swaps = std::move(swaps);
  result.environment->averages_buffers
    = used.buffers && x.buffers == "averaged"
      && result.model->layout().buffer_numel() > 0;
  result.environment->rates
    = places.locate("schedule", [&] { return x.schedule.recipe()->make(); });
  begin("planning the nodes");
  result.nodes = make_nodes(result, places);
  plan_membership(result, places);
  check_protocol(result, places);
  result.warnings = find_idle_keys(result, places);
  return result;
}

} // namespace caps
