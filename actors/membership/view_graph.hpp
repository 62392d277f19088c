#pragma once

#include "messages/membership.hpp"
#include "models/consensus/mixing.hpp"

#include <cstddef>
#include <functional>
#include <set>
#include <vector>

namespace caps {

/// The edges of a run in which everybody takes part, and what becomes of them
/// when somebody does not.
struct full_graph {
  /// For each node those it sends to and those that send to it.
  adjacency out;
  adjacency in;
  bool directed = false;
  /// Weights 1/(E + 1) in place of those of Metropolis and Hastings.
  bool uniform = false;
  /// Nodes keep half of their own parameters.
  bool lazy = false;
  /// Whether a view in which not everybody can reach everybody gets further
  /// edges.
  bool heals = true;
};

/// The edges of one node, by ascending id of the other ends.
struct node_edges {
  std::vector<weighted_peer> in;
  std::vector<node_id> out;
  double self_weight = 1;
};

/// Whether no message gets from one node to another at the moment.
using parted_fn = std::function<bool(node_id, node_id)>;

/// The edges among those who live, for each node of the graph: those of the
/// full graph between nodes that are not parted, and what heals them; their
/// weights anew, doubly stochastic again where those of the full graph are. A
/// node that does not live has none.
///
/// Healing connects the parts, by ascending smallest id, each to the one
/// before it, at a node with the fewest edges, of these the one with the
/// smallest id, at either side. Parts between which everybody is parted stay
/// parts.
std::vector<node_edges> edges_among(const full_graph& all,
                                    const std::set<node_id>& living,
                                    const parted_fn& parted);

} // namespace caps
