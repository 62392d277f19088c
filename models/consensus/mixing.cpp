#include "models/consensus/mixing.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace caps {

namespace {

/// Whether all lists are in order, so that one can search in them.
bool in_order(const adjacency& graph) {
  return std::all_of(graph.begin(), graph.end(), [](const auto& list) {
    return std::is_sorted(list.begin(), list.end());
  });
}

bool names(const std::vector<int64_t>& list, int64_t node, bool ordered) {
  if (ordered)
    return std::binary_search(list.begin(), list.end(), node);
  return std::find(list.begin(), list.end(), node) != list.end();
}

size_t index(int64_t node) {
  return static_cast<size_t>(node);
}

/// The edges turned round.
adjacency reversed(const adjacency& graph) {
  adjacency result(graph.size());
  for (size_t i = 0; i < graph.size(); ++i)
    for (auto j : graph[i])
      result[index(j)].push_back(static_cast<int64_t>(i));
  return result;
}

void check_reached(const adjacency& graph, const char* what) {
  auto seen = reached_from(graph, 0);
  auto missing = std::count(seen.begin(), seen.end(), false);
  if (missing == 0)
    return;
  auto first = std::find(seen.begin(), seen.end(), false) - seen.begin();
  throw input_error(fmt::format("the graph is not connected: node {} {} node 0 "
                                "({} of {} nodes are cut off)",
                                first, what, missing, graph.size()));
}

} // namespace

std::vector<bool> reached_from(const adjacency& graph, int64_t start) {
  std::vector<bool> result(graph.size());
  std::vector<int64_t> open{start};
  result[index(start)] = true;
  while (!open.empty()) {
    auto i = open.back();
    open.pop_back();
    for (auto j : graph[index(i)]) {
      if (result[index(j)])
        continue;
      result[index(j)] = true;
      open.push_back(j);
    }
  }
  return result;
}

double weight_between(const mixing_matrix& weights, size_t i, size_t j) {
  const auto& list = weights.graph[i];
  auto k = std::find(list.begin(), list.end(), static_cast<int64_t>(j));
  return k == list.end()
           ? 0
           : weights.neighbours[i][static_cast<size_t>(k - list.begin())];
}

void check_adjacency(const adjacency& graph) {
  auto nodes = static_cast<int64_t>(graph.size());
  std::vector<size_t> seen_by(graph.size(), graph.size());
  for (size_t i = 0; i < graph.size(); ++i) {
    for (auto j : graph[i]) {
      if (j < 0 || j >= nodes)
        throw input_error(fmt::format("node {} has neighbour {}, but there are "
                                      "only {} nodes",
                                      i, j, nodes));
      if (index(j) == i)
        throw input_error(fmt::format("node {} is its own neighbour", i));
      if (seen_by[index(j)] == i)
        throw input_error(fmt::format("node {} has neighbour {} twice", i, j));
      seen_by[index(j)] = i;
    }
  }
}

void check_connected(const adjacency& graph) {
  check_adjacency(graph);
  if (graph.empty())
    return;
  check_reached(graph, "sends nothing that reaches");
  check_reached(reversed(graph), "hears nothing of");
}

mixing_matrix uniform_mixing(adjacency graph) {
  check_adjacency(graph);
  mixing_matrix result;
  for (const auto& list : graph) {
    auto share = 1.0 / static_cast<double>(list.size() + 1);
    result.self.push_back(share);
    result.neighbours.emplace_back(list.size(), share);
  }
  result.graph = std::move(graph);
  return result;
}

mixing_matrix metropolis_hastings_mixing(adjacency graph) {
  check_adjacency(graph);
  auto ordered = in_order(graph);
  mixing_matrix result;
  for (size_t i = 0; i < graph.size(); ++i) {
    std::vector<double> row;
    double rest = 1;
    for (auto j : graph[i]) {
      const auto& other = graph[index(j)];
      if (!names(other, static_cast<int64_t>(i), ordered))
        throw input_error(fmt::format("Metropolis-Hastings weights need an "
                                      "undirected graph: node {} has neighbour "
                                      "{}, but not the other way round",
                                      i, j));
      auto degree = std::max(graph[i].size(), other.size());
      row.push_back(1.0 / static_cast<double>(degree + 1));
      rest -= row.back();
    }
    result.self.push_back(rest);
    result.neighbours.push_back(std::move(row));
  }
  result.graph = std::move(graph);
  return result;
}

void set_weight(mixing_matrix& weights, size_t i, size_t j, double weight) {
  const auto& list = weights.graph[i];
  auto k = std::find(list.begin(), list.end(), static_cast<int64_t>(j));
  if (k == list.end())
    throw input_error(fmt::format("node {} does not send to node {}", j, i));
  auto& row = weights.neighbours[i];
  row[static_cast<size_t>(k - list.begin())] = weight;
  weights.self[i] = 1 - std::accumulate(row.begin(), row.end(), 0.0);
}

void check_weights(const mixing_matrix& weights, double tolerance) {
  for (size_t i = 0; i < weights.self.size(); ++i)
    if (!(weights.self[i] >= -tolerance))
      throw input_error(fmt::format("what node {} takes of its neighbours "
                                    "weighs {} together, more than 1",
                                    i, 1 - weights.self[i]));
}

mixing_matrix lazy_mixing(mixing_matrix weights) {
  for (auto& x : weights.self)
    x = (1 + x) / 2;
  for (auto& row : weights.neighbours)
    for (auto& x : row)
      x /= 2;
  return weights;
}

void check_doubly_stochastic(const mixing_matrix& weights, double tolerance) {
  auto rows = weights.self;
  auto columns = weights.self;
  for (size_t i = 0; i < weights.graph.size(); ++i) {
    for (size_t k = 0; k < weights.graph[i].size(); ++k) {
      rows[i] += weights.neighbours[i][k];
      columns[index(weights.graph[i][k])] += weights.neighbours[i][k];
    }
  }
  auto check = [&](const std::vector<double>& sums, const char* what) {
    auto worse
      = [](double x, double y) { return std::abs(x - 1) < std::abs(y - 1); };
    auto worst = std::max_element(sums.begin(), sums.end(), worse);
    if (worst != sums.end() && !(std::abs(*worst - 1) <= tolerance))
      throw input_error(fmt::format("the averaging weights are not doubly "
                                    "stochastic: {} {} sums to {}, not 1",
                                    what, worst - sums.begin(), *worst));
  };
  check(rows, "row");
  check(columns, "column");
}

void check_symmetric(const mixing_matrix& weights, double tolerance) {
  for (size_t i = 0; i < weights.graph.size(); ++i) {
    for (size_t k = 0; k < weights.graph[i].size(); ++k) {
      auto j = weights.graph[i][k];
      auto there = weights.neighbours[i][k];
      auto back = weight_between(weights, index(j), i);
      if (!(std::abs(there - back) <= tolerance))
        throw input_error(fmt::format("the averaging weights are not "
                                      "symmetric: node {} takes {} of node {}, "
                                      "which takes {} of it",
                                      i, there, j, back));
    }
  }
}

double spectral_gap(const mixing_matrix& weights) {
  return 1 - contraction_factor(weights);
}

} // namespace caps
