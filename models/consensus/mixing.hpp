#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace caps {

/// For each node the nodes it averages with, itself excluded. A list names a
/// node at most once; lists need not be sorted, and in a directed graph j may
/// stand in the list of i without i standing in that of j.
using adjacency = std::vector<std::vector<int64_t>>;

/// Averaging weights on a graph: node i keeps `self[i]` of its own parameters
/// and takes `neighbours[i][k]` of those of node `graph[i][k]`.
struct mixing_matrix {
  adjacency graph;
  std::vector<double> self;
  std::vector<std::vector<double>> neighbours;
};

/// The published D-SGD weights: 1/(E + 1) for each of a node's E neighbours
/// and itself. Doubly stochastic only if all nodes have equally many
/// neighbours.
mixing_matrix uniform_mixing(adjacency graph);

/// 1/(1 + max(E_i, E_j)) for neighbours, the rest for the node itself (Xiao
/// and Boyd 2004): symmetric and doubly stochastic on every undirected graph.
/// Throws `input_error` if the graph is directed.
mixing_matrix metropolis_hastings_mixing(adjacency graph);

/// Lets node i take `weight`, from 0 to 1, of the parameters of node j, and
/// the rest that its neighbours leave of its own. Throws `input_error` if they
/// are no neighbours. Neighbours may leave less than nothing until the last
/// weight is set: see `check_weights`.
void set_weight(mixing_matrix& weights, size_t i, size_t j, double weight);

/// Throws `input_error` naming a node whose neighbours leave less than nothing
/// of its own parameters.
void check_weights(const mixing_matrix& weights, double tolerance = 1e-9);

/// (I + W)/2: a node keeps half of its own parameters and averages the other
/// half. Takes twice as long to the same consensus, but has no negative
/// eigenvalue, as D^2 needs it, if W is symmetric.
mixing_matrix lazy_mixing(mixing_matrix weights);

/// What node i takes of the parameters of node j, another one; 0 if they are
/// no neighbours.
double weight_between(const mixing_matrix& weights, size_t i, size_t j);

/// Which nodes a walk from `start` reaches, itself included; @pre the lists
/// name nodes that exist.
std::vector<bool> reached_from(const adjacency& graph, int64_t start);

/// Throws `input_error` if a list names a node that does not exist, the node
/// itself, or a node twice.
void check_adjacency(const adjacency& graph);

/// Throws `input_error` naming a node unless every node hears of every other
/// (along the edges, in a directed graph).
void check_connected(const adjacency& graph);

/// Throws `input_error` naming the worst row or column unless all of them sum
/// to 1 within `tolerance`. Only then does averaging keep the mean of all
/// nodes, and D-SGD minimize the sum of their losses.
void check_doubly_stochastic(const mixing_matrix& weights,
                             double tolerance = 1e-9);

/// Throws `input_error` naming two nodes unless any two average with the same
/// weight for each other within `tolerance`.
void check_symmetric(const mixing_matrix& weights, double tolerance = 1e-9);

/// By what factor one averaging reduces the distance from consensus at least,
/// measured in the norm that weights each node as the long-run average does
/// (equally, if the weights are doubly stochastic): the second largest
/// absolute eigenvalue for symmetric weights and for uniform ones on an
/// undirected graph, the second largest singular value for other doubly
/// stochastic ones. 0 for one node. Throws `input_error` if the weights are
/// none of these.
///
/// Lanczos iteration, about the square root of 1/spectral_gap steps of one
/// pass over the edges each. The same weights give the same bits. Throws
/// `input_error` if that takes more than `work_max` visits of nodes and edges,
/// by default some ten seconds: a ring of more than some 30,000 nodes.
double contraction_factor(const mixing_matrix& weights,
                          int64_t work_max = 2'000'000'000);

/// 1 - contraction_factor: 1 when one averaging reaches consensus, near 0 when
/// news travels slowly.
double spectral_gap(const mixing_matrix& weights);

/// The smallest eigenvalue, from -1 to 1, at the cost of `contraction_factor`.
/// The weights must be symmetric and doubly stochastic, or uniform on an
/// undirected graph; throws `input_error` otherwise. 1 for one node.
double smallest_eigenvalue(const mixing_matrix& weights);

} // namespace caps
