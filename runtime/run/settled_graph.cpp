#include "runtime/run/settled_graph.hpp"

#include "models/errors.hpp"
#include "runtime/run/key_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace caps {

namespace {

/// Every worker with every server, which come after them.
graph connect_servers(int64_t workers, int64_t servers) {
  auto result = empty_graph(workers + servers);
  for (int64_t server = workers; server < workers + servers; ++server)
    for (int64_t worker = 0; worker < workers; ++worker)
      add_edge(result, worker, server);
  return result;
}

graph draw_graph(const scenario& x, const source_map& places) {
  auto servers = x.protocol.recipe()->servers().servers;
  if (servers > 0)
    return connect_servers(x.nodes, servers);
  return places.locate("topology.kind", [&] {
    auto seed = static_cast<uint64_t>(x.seed);
    random_stream stream{seed, no_node, "topology"};
    auto result = x.topology.recipe()->make(x.nodes, stream);
    if (!is_connected(result))
      throw input_error(fmt::format(
        "the graph is not connected: from node 0 only nodes {} can be reached",
        fmt::join(reachable_from_first(result), ", ")));
    return result;
  });
}

swap_plan make_swaps(const scenario& x, const graph& topology,
                     const source_map& places) {
  swap_plan result;
  result.schedule = places.locate("swaps.kind", [&] {
    return x.swaps.recipe()->make(
      {topology.out, topology.directed, static_cast<uint64_t>(x.seed)});
  });
  result.wait = x.stepping == "round_step";
  result.timeout = x.swap_timeout;
  result.missed_max = x.max_missed;
  return result;
}

} // namespace

std::pair<graph, swap_plan> draw_settled(scenario& x,
                                         const source_map& places) {
  auto recipe = x.protocol.recipe();
  swap_plan swaps;
  if (recipe->servers().servers > 0)
    settle_unused(x, recipe->uses(swaps), places);
  auto topology = draw_graph(x, places);
  swaps = make_swaps(x, topology, places);
  settle_unused(x, recipe->uses(swaps), places);
  return {std::move(topology), std::move(swaps)};
}

void settle(loaded_scenario& loaded) {
  draw_settled(loaded.content, loaded.places);
}

} // namespace caps
