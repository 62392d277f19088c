#include "runtime/run/membership_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace caps {

namespace {

fault_kind kind_of(std::string_view text) {
  using enum fault_kind;
  constexpr std::array all{crash, restart, pause, leave, join, partition, heal};
  return *std::ranges::find(all, text,
                            [](fault_kind x) { return to_string(x); });
}

/// The mean time between two faults from "2 per 30s".
std::chrono::nanoseconds gap_of(const std::string& rate) {
  double count = 0;
  auto end = rate.data() + rate.size();
  auto [rest, problem] = std::from_chars(rate.data(), end, count);
  std::string_view left{rest, static_cast<size_t>(end - rest)};
  constexpr std::string_view word = " per ";
  if (problem != std::errc{} || !left.starts_with(word) || !(count > 0))
    throw input_error(
      fmt::format("\"{}\" is no rate; write \"1 per 30s\"", rate));
  auto time = parse_duration(left.substr(word.size()));
  auto gap = std::chrono::duration<double, std::nano>{time} / count;
  // More would leave no time for anything else.
  if (gap < std::chrono::microseconds{1})
    throw input_error(
      fmt::format("\"{}\" is more than one in a microsecond", rate));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(gap);
}

class fault_reader {
public:
  fault_reader(const run_plan& plan, const source_map& places)
    : plan_(plan), places_(places) {}

  std::vector<fault> read() {
    std::vector<fault> result;
    for (number_ = 0; number_ < plan_.content.faults.size(); ++number_)
      result.push_back(read_one());
    return result;
  }

private:
  template <class F>
  auto at_key(const char* key, F f) {
    return places_.locate(fmt::format("fault[{}].{}", number_, key), f);
  }

  node_id checked(int64_t node, const char* key) {
    if (node >= static_cast<int64_t>(plan_.nodes.size()))
      throw input_error(
        fmt::format("fault.{}: there is no node {}, nodes are 0 "
                    "to {}",
                    key, node, plan_.nodes.size() - 1));
    return static_cast<node_id>(node);
  }

  fault read_one() {
    const auto& x = plan_.content.faults[number_];
    fault result;
    result.kind = kind_of(x.kind);
    result.at = x.at;
    at_key("nodes", [&] {
      for (auto node : x.nodes)
        result.nodes.push_back(checked(node, "nodes"));
    });
    read_edge(x, result);
    if (result.nodes.empty() && !result.edge && x.rate.empty()
        && result.kind != fault_kind::heal)
      at_key("node", [&] { result.nodes = {checked(x.node, "node")}; });
    if (x.lasts.count() > 0)
      result.lasts = x.lasts;
    else if (result.kind == fault_kind::restart
             || result.kind == fault_kind::pause)
      at_key("kind", [&] {
        throw input_error(
          fmt::format("fault: a {} has an end; give \"for\"", x.kind));
      });
    if (!x.rate.empty())
      at_key("rate", [&] { result.gap = gap_of(x.rate); });
    // The network as a whole is not befallen.
    if (result.gap && result.nodes.empty())
      for (int64_t node = 0; node < plan_.content.nodes; ++node)
        result.nodes.push_back(static_cast<node_id>(node));
    return result;
  }

  void read_edge(const node_fault& x, fault& result) {
    if (x.link.empty())
      return;
    at_key("link", [&] {
      if (x.link.size() != 2)
        throw input_error(fmt::format("fault.link: an edge has two ends, not "
                                      "{}",
                                      x.link.size()));
      result.edge = {checked(x.link[0], "link"), checked(x.link[1], "link")};
      if (!x.nodes.empty())
        throw input_error("fault.link: a partition is one of nodes or of an "
                          "edge, not both");
    });
  }

  const run_plan& plan_;
  const source_map& places_;
  size_t number_ = 0;
};

/// Where nobody comes and goes.
void set_crashes(const std::vector<fault>& faults,
                 std::vector<node_config>& nodes) {
  for (const auto& x : faults)
    for (auto id : x.nodes) {
      auto& crash = nodes[static_cast<size_t>(id)].crash_at;
      crash = crash ? std::min(*crash, x.at) : x.at;
    }
}

/// Views weigh edges anew; weights of single ones would be lost.
void refuse_own_weights(const scenario& x, const source_map& places) {
  for (size_t i = 0; i < x.link_overrides.size(); ++i)
    places.locate(fmt::format("edge[{}].weight", i), [&] {
      if (x.link_overrides[i].weight >= 0)
        throw input_error("edge.weight: where nodes come and go, edges are "
                          "weighted as topology.mixing says");
    });
}

/// Nodes that join later have no edges before.
void leave_out(const membership_rules& rules, std::vector<node_config>& nodes) {
  if (rules.absent.empty())
    return;
  std::set<node_id> living;
  for (const auto& x : nodes)
    if (!rules.absent.contains(x.id))
      living.insert(x.id);
  auto edges
    = edges_among(rules.graph, living, [](node_id, node_id) { return false; });
  for (size_t i = 0; i < nodes.size(); ++i) {
    auto& own = nodes[i];
    own.absent = rules.absent.contains(own.id);
    own.in_neighbours.clear();
    for (const auto& x : edges[i].in)
      own.in_neighbours.push_back({x.id, x.weight});
    own.out_neighbours = edges[i].out;
    own.self_weight = edges[i].self_weight;
  }
}

void refuse_faults_of_servers(const run_plan& plan,
                              const std::vector<fault>& faults,
                              const source_map& places) {
  for (size_t i = 0; i < faults.size(); ++i)
    for (auto id : faults[i].nodes)
      if (faults[i].kind == fault_kind::join && id >= plan.content.nodes)
        places.locate(fmt::format("fault[{}].node", i), [&] {
          throw input_error(fmt::format("fault: node {} is a parameter server, "
                                        "which is there from the start",
                                        id));
        });
}

} // namespace

void plan_membership(run_plan& plan, const source_map& places) {
  const auto& x = plan.content;
  auto faults = fault_reader{plan, places}.read();
  if (!x.has_views()) {
    set_crashes(faults, plan.nodes);
    return;
  }
  refuse_own_weights(x, places);
  refuse_faults_of_servers(plan, faults, places);
  auto rules = std::make_shared<membership_rules>();
  const auto& schedule = *plan.environment->swaps.schedule;
  auto peers = plan.environment->servers.empty();
  auto every_step = schedule.round() == 1 && !schedule.one_peer();
  rules->graph = {plan.topology.out,
                  plan.topology.in(),
                  plan.topology.directed,
                  x.mixing == "uniform",
                  x.lazy,
                  x.heals && peers && every_step};
  for (const auto& y : faults)
    if (y.kind == fault_kind::join)
      rules->absent.insert(y.nodes.begin(), y.nodes.end());
  places.locate("membership.min_nodes", [&] {
    if (x.min_nodes > x.nodes - static_cast<int64_t>(rules->absent.size()))
      throw input_error(
        fmt::format("membership.min_nodes: the run begins with "
                    "{} nodes",
                    x.nodes - static_cast<int64_t>(rules->absent.size())));
  });
  rules->faults = std::move(faults);
  rules->adapts = x.silence_max == "adaptive";
  if (!rules->adapts)
    places.locate("membership.deadline",
                  [&] { rules->deadline = parse_duration(x.silence_max); });
  rules->min_nodes = x.min_nodes;
  leave_out(*rules, plan.nodes);
  plan.environment->has_views = true;
  plan.membership = std::move(rules);
}

} // namespace caps
