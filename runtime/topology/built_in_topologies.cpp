#include "runtime/topology/graph.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace caps {

namespace {

/// How often a random graph is drawn again before giving up: each draw of a
/// sensible one succeeds with probability above 1/100.
constexpr int draws_max = 10'000;

class ring final : public topology_recipe {
public:
  graph make(int64_t nodes, random_stream&) const override {
    auto result = empty_graph(nodes);
    for (int64_t i = 0; i < nodes; ++i)
      if (nodes > 1)
        add_edge(result, i, (i + 1) % nodes);
    return result;
  }
};

class chain final : public topology_recipe {
public:
  graph make(int64_t nodes, random_stream&) const override {
    auto result = empty_graph(nodes);
    for (int64_t i = 0; i + 1 < nodes; ++i)
      add_edge(result, i, i + 1);
    return result;
  }
};

class star final : public topology_recipe {
public:
  graph make(int64_t nodes, random_stream&) const override {
    auto result = empty_graph(nodes);
    for (int64_t i = 1; i < nodes; ++i)
      add_edge(result, 0, i);
    return result;
  }
};

class full final : public topology_recipe {
public:
  graph make(int64_t nodes, random_stream&) const override {
    auto result = empty_graph(nodes);
    for (int64_t i = 0; i < nodes; ++i)
      for (int64_t j = i + 1; j < nodes; ++j)
        add_edge(result, i, j);
    return result;
  }
};

/// A rectangle of nodes, row by row; a torus also joins opposite borders.
class grid final : public topology_recipe {
public:
  explicit grid(bool wraps) : wraps_(wraps) {}

  void describe(option_visitor& visitor) override {
    visitor.integer("rows", rows_, at_least(0),
                    "rows of the rectangle; 0 for the squarest that fits");
  }

  graph make(int64_t nodes, random_stream&) const override {
    auto rows = rows_;
    if (rows == 0)
      for (rows = static_cast<int64_t>(std::sqrt(nodes)); nodes % rows != 0;)
        --rows;
    if (nodes % rows != 0)
      throw input_error(fmt::format(
        "{} nodes cannot stand in {} rows of equal length", nodes, rows));
    auto columns = nodes / rows;
    auto result = empty_graph(nodes);
    auto join = [&](int64_t r, int64_t c, int64_t r2, int64_t c2) {
      if (wraps_) {
        r2 %= rows;
        c2 %= columns;
      }
      auto a = r * columns + c;
      auto b = r2 * columns + c2;
      if (r2 < rows && c2 < columns && a != b)
        add_edge(result, a, b);
    };
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        join(r, c, r, c + 1);
        join(r, c, r + 1, c);
      }
    }
    return result;
  }

private:
  bool wraps_;
  int64_t rows_ = 0;
};

class erdos_renyi final : public topology_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.real("probability", probability_, between(0, 1),
                 "probability of each edge; drawn again until connected");
  }

  graph make(int64_t nodes, random_stream& stream) const override {
    for (int draw = 0; draw < draws_max; ++draw) {
      auto result = empty_graph(nodes);
      for (int64_t i = 0; i < nodes; ++i)
        for (int64_t j = i + 1; j < nodes; ++j)
          if (stream.uniform() < probability_)
            add_edge(result, i, j);
      if (is_connected(result))
        return result;
      // A large graph costs too much to be drawn thousands of times.
      if (draw > 100 && nodes > 100)
        break;
    }
    throw input_error(fmt::format(
      "no connected graph of {} nodes came out with edge probability {}; "
      "above {:.3f} they are common",
      nodes, probability_,
      std::log(static_cast<double>(nodes)) / static_cast<double>(nodes)));
  }

private:
  double probability_ = 0.5;
};

/// Every node has the same number of neighbours: half-edges are paired at
/// random, and pairs that would repeat an edge or join a node to itself are
/// mended by swapping ends with a random other pair.
class random_regular final : public topology_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("degree", degree_, at_least(1),
                    "neighbours of every node; drawn again until connected");
  }

  graph make(int64_t nodes, random_stream& stream) const override {
    if (degree_ >= nodes || (nodes * degree_) % 2 != 0)
      throw input_error(fmt::format(
        "there is no graph of {} nodes with {} neighbours each: the degree "
        "must be below the number of nodes and their product even",
        nodes, degree_));
    for (int draw = 0; draw < draws_max; ++draw) {
      auto result = empty_graph(nodes);
      if (pair_up(result, stream) && is_connected(result))
        return result;
    }
    throw input_error(fmt::format(
      "no connected graph of {} nodes with {} neighbours each came out",
      nodes, degree_));
  }

private:
  bool pair_up(graph& g, random_stream& stream) const {
    std::vector<int64_t> ends;
    for (int64_t i = 0; i < g.nodes(); ++i)
      ends.insert(ends.end(), static_cast<size_t>(degree_), i);
    stream.shuffle(std::span{ends});
    auto repeated = [&](size_t k) {
      auto a = ends[k];
      auto b = ends[k + 1];
      if (a == b)
        return true;
      for (size_t i = 0; i < ends.size(); i += 2)
        if (i != k
            && ((ends[i] == a && ends[i + 1] == b)
                || (ends[i] == b && ends[i + 1] == a)))
          return true;
      return false;
    };
    // Mended pair by pair; bounded, since mending one may break another.
    for (size_t sweep = 0; sweep < 100; ++sweep) {
      bool good = true;
      for (size_t k = 0; k < ends.size(); k += 2) {
        if (!repeated(k))
          continue;
        good = false;
        std::swap(ends[k + 1], ends[stream.below(ends.size() / 2) * 2 + 1]);
      }
      if (good) {
        for (size_t k = 0; k < ends.size(); k += 2)
          add_edge(g, ends[k], ends[k + 1]);
        return true;
      }
    }
    return false;
  }

  int64_t degree_ = 3;
};

/// Node i sends to i + 1, i + 2, i + 4, ... (Ying et al. 2021).
class exponential final : public topology_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.boolean("one_way", one_way_,
                    "edges lead forward only, making the graph directed");
  }

  graph make(int64_t nodes, random_stream&) const override {
    auto result = empty_graph(nodes, one_way_);
    for (int64_t i = 0; i < nodes; ++i)
      for (int64_t hop = 1; hop < nodes; hop *= 2)
        add_edge(result, i, (i + hop) % nodes);
    return result;
  }

private:
  bool one_way_ = false;
};

class explicit_edges final : public topology_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integers("edges", edges_, at_least(0),
                     "the ends of all edges one after the other: [0, 1, 1, 2] "
                     "joins 0 with 1 and 1 with 2");
    visitor.boolean("one_way", one_way_,
                    "edges lead from the first end to the second only");
  }

  graph make(int64_t nodes, random_stream&) const override {
    if (edges_.size() % 2 != 0)
      throw input_error(fmt::format(
        "edges lists {} ends, but every edge has two", edges_.size()));
    auto result = empty_graph(nodes, one_way_);
    std::map<std::pair<int64_t, int64_t>, size_t> first;
    for (size_t i = 0; i < edges_.size(); i += 2) {
      auto from = edges_[i];
      auto to = edges_[i + 1];
      add_edge(result, from, to);
      auto edge = one_way_ ? std::pair{from, to} : std::minmax({from, to});
      if (auto [known, is_new] = first.emplace(edge, i / 2 + 1); !is_new)
        throw input_error(fmt::format(
          "edges: edge {} - {} is given twice, as number {} and number {}{}",
          from, to, known->second, i / 2 + 1,
          one_way_ ? "" : "; both ways are one edge without one_way"));
    }
    return result;
  }

private:
  std::vector<int64_t> edges_;
  bool one_way_ = false;
};

template <class T, class... Args>
std::function<std::unique_ptr<topology_recipe>()> maker(Args... args) {
  return [=] { return std::make_unique<T>(args...); };
}

} // namespace

registry<topology_recipe> built_in_topologies() {
  registry<topology_recipe> result{"topology"};
  result.add({"ring", "node i with i - 1 and i + 1, closed", maker<ring>()});
  result.add({"chain", "node i with i - 1 and i + 1, open", maker<chain>()});
  result.add({"star", "node 0 with all others", maker<star>()});
  result.add({"full", "every node with every other", maker<full>()});
  result.add({"grid", "a rectangle of nodes, row by row", maker<grid>(false)});
  result.add({"torus", "a rectangle whose opposite borders are joined",
              maker<grid>(true)});
  result.add({"erdos_renyi", "each edge with the same probability",
              maker<erdos_renyi>()});
  result.add({"random_regular", "a random graph of one degree",
              maker<random_regular>()});
  result.add({"exponential",
              "node i with i + 1, i + 2, i + 4, ... (Ying et al. 2021)",
              maker<exponential>()});
  result.add({"edges", "an explicit list of edges", maker<explicit_edges>()});
  return result;
}

} // namespace caps
