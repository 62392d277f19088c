#include "actors/links/swap_schedule.hpp"

#include "models/random_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>

namespace caps {

namespace {

using schedule_ptr = std::shared_ptr<const swap_schedule>;
using edge = std::pair<node_id, node_id>;

/// All edges, each undirected one as (smaller id, larger id), in order.
std::vector<edge> edges_of(const swap_graph& g) {
  std::vector<edge> result;
  for (size_t from = 0; from < g.out.size(); ++from)
    for (auto to : g.out[from])
      if (g.directed || static_cast<int64_t>(from) < to)
        result.emplace_back(static_cast<node_id>(from),
                            static_cast<node_id>(to));
  return result;
}

bool has_edge(const swap_graph& g, int64_t from, int64_t to) {
  return std::ranges::binary_search(g.out[static_cast<size_t>(from)], to);
}

// -- every step ---------------------------------------------------------------

class every_step final : public swap_schedule {
public:
  bool due(int64_t, node_id, node_id) const override { return true; }

  int64_t round() const override { return 1; }
};

class every_step_recipe final : public swap_schedule_recipe {
public:
  schedule_ptr make(const swap_graph&) const override {
    return std::make_shared<every_step>();
  }
};

// -- rounds -------------------------------------------------------------------

/// Rounds of K steps; each edge swaps after certain steps of every round
/// (the published edge-consensus-learning programs).
class rounds final : public swap_schedule {
public:
  rounds(int64_t steps, std::map<edge, std::vector<int64_t>> positions)
    : steps_(steps), positions_(std::move(positions)) {}

  bool due(int64_t step, node_id from, node_id to) const override {
    auto i = positions_.find(std::minmax(from, to));
    return i != positions_.end()
           && std::ranges::find(i->second, step % steps_) != i->second.end();
  }

  int64_t round() const override { return steps_; }

private:
  int64_t steps_;
  std::map<edge, std::vector<int64_t>> positions_;
};

class rounds_recipe final : public swap_schedule_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("steps", steps_, at_least(1), "K, local steps of a round");
    visitor.integers("positions", positions_, at_least(0),
                     "three numbers per swap [i, j, c, ...]: the edge of i and "
                     "j swaps after step c of every round; empty: the edges "
                     "take turns");
  }

  schedule_ptr make(const swap_graph& g) const override {
    if (g.directed)
      throw input_error("rounds swap both ways and need an undirected graph");
    std::map<edge, std::vector<int64_t>> result;
    if (positions_.empty()) {
      int64_t turn = 0;
      for (const auto& x : edges_of(g))
        result[x] = {turn++ % steps_};
    } else {
      read_positions(g, result);
    }
    return std::make_shared<rounds>(steps_, std::move(result));
  }

private:
  void read_positions(const swap_graph& g,
                      std::map<edge, std::vector<int64_t>>& result) const {
    if (positions_.size() % 3 != 0)
      throw input_error(fmt::format("positions lists {} numbers, but every "
                                    "swap has three: two nodes and a step",
                                    positions_.size()));
    for (size_t k = 0; k < positions_.size(); k += 3) {
      auto i = positions_[k], j = positions_[k + 1], c = positions_[k + 2];
      auto nodes = static_cast<int64_t>(g.out.size());
      if (i >= nodes || j >= nodes || !has_edge(g, i, j))
        throw input_error(
          fmt::format("positions: nodes {} and {} share no edge", i, j));
      if (c >= steps_)
        throw input_error(fmt::format("positions: step {} of edge {} - {} is "
                                      "not in a round of {} steps (0 to {})",
                                      c, i, j, steps_, steps_ - 1));
      result[std::minmax(static_cast<node_id>(i), static_cast<node_id>(j))]
        .push_back(c);
    }
    for (const auto& x : edges_of(g))
      if (result.count(x) == 0)
        throw input_error(fmt::format("positions: edge {} - {} never swaps",
                                      x.first, x.second));
  }

  int64_t steps_ = 1;
  std::vector<int64_t> positions_;
};

// -- rotation -----------------------------------------------------------------

/// After every `interval` steps each node starts a swap with one neighbour,
/// the next one in its list each time (the published KDD 2020 programs).
class rotation final : public swap_schedule {
public:
  rotation(int64_t interval, const std::vector<std::vector<int64_t>>& out)
    : interval_(interval), out_(out) {
    for (const auto& xs : out_)
      degree_max_ = std::max(degree_max_, static_cast<int64_t>(xs.size()));
  }

  bool due(int64_t step, node_id from, node_id to) const override {
    if ((step + 1) % interval_ != 0)
      return false;
    auto turn = (step + 1) / interval_ - 1;
    return partner(turn, from) == to || partner(turn, to) == from;
  }

  int64_t round() const override { return interval_ * degree_max_; }

private:
  node_id partner(int64_t turn, node_id of) const {
    const auto& xs = out_[static_cast<size_t>(of)];
    if (xs.empty())
      return no_node;
    return static_cast<node_id>(xs[static_cast<size_t>(turn) % xs.size()]);
  }

  int64_t interval_;
  std::vector<std::vector<int64_t>> out_;
  int64_t degree_max_ = 1;
};

class rotation_recipe final : public swap_schedule_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("interval", interval_, at_least(1),
                    "local steps between two swaps of a node");
  }

  schedule_ptr make(const swap_graph& g) const override {
    if (g.directed)
      throw input_error("rotation swaps both ways and needs an undirected "
                        "graph");
    return std::make_shared<rotation>(interval_, g.out);
  }

private:
  int64_t interval_ = 1;
};

// -- one peer -----------------------------------------------------------------

/// In step k node i sends to i + 2^(k mod log2 n) (Ying et al. 2021).
class one_peer_exponential final : public swap_schedule {
public:
  explicit one_peer_exponential(int64_t nodes) : nodes_(nodes) {
    for (int64_t hop = 1; hop < nodes; hop *= 2)
      ++hops_;
  }

  bool due(int64_t step, node_id from, node_id to) const override {
    return (from + (int64_t{1} << (step % hops_))) % nodes_ == to;
  }

  int64_t round() const override { return hops_; }

  bool one_peer() const override { return true; }

private:
  int64_t nodes_;
  int64_t hops_ = 0;
};

class one_peer_exponential_recipe final : public swap_schedule_recipe {
public:
  schedule_ptr make(const swap_graph& g) const override {
    auto nodes = static_cast<int64_t>(g.out.size());
    for (int64_t i = 0; i < nodes; ++i)
      for (int64_t hop = 1; hop < nodes; hop *= 2)
        if (!has_edge(g, i, (i + hop) % nodes))
          throw input_error(fmt::format(
            "one_peer_exponential needs the edge from {} to {}; use "
            "topology.kind = \"exponential\"",
            i, (i + hop) % nodes));
    if (nodes < 2)
      return std::make_shared<every_step>();
    return std::make_shared<one_peer_exponential>(nodes);
  }
};

/// In every step the nodes pair up at random along edges: a maximal matching,
/// drawn by all in the same way.
class random_matching final : public swap_schedule {
public:
  random_matching(std::vector<edge> edges, size_t nodes, uint64_t seed)
    : edges_(std::move(edges)), nodes_(nodes), seed_(seed) {}

  bool due(int64_t step, node_id from, node_id to) const override {
    return (*partners(step))[static_cast<size_t>(from)] == to;
  }

  int64_t round() const override { return 1; }

  bool one_peer() const override { return true; }

private:
  using matching = std::shared_ptr<const std::vector<node_id>>;

  /// Steps that are remembered: nodes are seldom further apart.
  static constexpr size_t remembered_max = 64;

  matching partners(int64_t step) const {
    std::lock_guard lock{mutex_};
    auto& result = known_[step];
    if (result == nullptr)
      result = draw(step);
    auto copy = result;
    if (known_.size() > remembered_max)
      known_.erase(known_.begin()->first == step ? std::prev(known_.end())
                                                 : known_.begin());
    return copy;
  }

  matching draw(int64_t step) const {
    random_stream stream{seed_, no_node, fmt::format("matching {}", step)};
    auto order = edges_;
    stream.shuffle(std::span{order});
    std::vector<node_id> result(nodes_, no_node);
    for (auto [a, b] : order) {
      auto& x = result[static_cast<size_t>(a)];
      auto& y = result[static_cast<size_t>(b)];
      if (x == no_node && y == no_node) {
        x = b;
        y = a;
      }
    }
    return std::make_shared<const std::vector<node_id>>(std::move(result));
  }

  std::vector<edge> edges_;
  size_t nodes_;
  uint64_t seed_;
  mutable std::mutex mutex_;
  mutable std::map<int64_t, matching> known_;
};

class random_matching_recipe final : public swap_schedule_recipe {
public:
  schedule_ptr make(const swap_graph& g) const override {
    if (g.directed)
      throw input_error("random_matching swaps both ways and needs an "
                        "undirected graph");
    return std::make_shared<random_matching>(edges_of(g), g.out.size(), g.seed);
  }
};

template <class T>
std::unique_ptr<swap_schedule_recipe> make() {
  return std::make_unique<T>();
}

} // namespace

registry<swap_schedule_recipe> built_in_swap_schedules() {
  registry<swap_schedule_recipe> result{"swap schedule"};
  result.add({"every_step", "all edges after every local step",
              make<every_step_recipe>});
  result.add({"round",
              "rounds of K local steps in which every edge swaps (Niwa et al. "
              "2021)",
              make<rounds_recipe>});
  result.add({"rotation",
              "one neighbour at a time, in turn, every so many steps (Niwa et "
              "al. 2020)",
              make<rotation_recipe>});
  result.add({"one_peer_exponential",
              "in step k node i sends to i + 2^(k mod log2 n) (Ying et al. "
              "2021)",
              make<one_peer_exponential_recipe>});
  result.add({"random_matching",
              "in every step the nodes pair up at random along edges",
              make<random_matching_recipe>});
  return result;
}

} // namespace caps
