#pragma once

#include "models/options.hpp"
#include "models/random_stream.hpp"
#include "models/registry.hpp"

#include <cstdint>
#include <vector>

namespace caps {

/// Who sends to whom: for each node the nodes it sends to, by ascending id,
/// without itself. An undirected graph lists each edge at both ends.
struct graph {
  std::vector<std::vector<int64_t>> out;
  bool directed = false;

  int64_t nodes() const noexcept { return static_cast<int64_t>(out.size()); }

  /// Number of edges; an undirected edge counts once.
  int64_t edges() const noexcept;

  /// For each node the nodes that send to it, by ascending id.
  std::vector<std::vector<int64_t>> in() const;
};

/// A graph of `nodes` nodes without edges.
graph empty_graph(int64_t nodes, bool directed = false);

/// Adds an edge once, both ways unless the graph is directed; throws
/// `input_error` for a node out of range or an edge from a node to itself.
void add_edge(graph& g, int64_t from, int64_t to);

/// Whether every node can reach every other one.
bool is_connected(const graph& g);

/// The nodes reachable from node 0, by ascending id; for error messages.
std::vector<int64_t> reachable_from_first(const graph& g);

/// Draws a graph for a number of nodes; random kinds use the stream. Throws
/// `input_error` when the kind has no graph of that size.
using topology_recipe = recipe<graph, int64_t /* nodes */, random_stream&>;

/// The built-in topologies.
registry<topology_recipe> built_in_topologies();

} // namespace caps
