#pragma once

#include "actors/compute/compute_service.hpp"
#include "actors/links/link_model.hpp"
#include "actors/node/protocol.hpp"
#include "actors/observation/event_sink.hpp"
#include "models/data/dataset.hpp"
#include "models/data/sampler.hpp"
#include "models/nets/net.hpp"
#include "models/optim/schedule.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace caps {

struct node_config;

/// What all nodes of a run have in common. Outlives them.
struct node_environment {
  /// Number of nodes in the run.
  node_id nodes = 0;
  /// By ascending id; empty between peers.
  std::vector<server_part> servers;
  /// The seed of the scenario; every random stream derives from it.
  uint64_t seed = 0;
  std::shared_ptr<const net> model;
  initialization start = initialization::uniform_fan_in;
  /// Whether all nodes start from the same parameters.
  bool same_start = true;
  /// Whether peers average their buffers, of which the model has some.
  bool averages_buffers = false;
  /// Parameters and buffers to start from instead of drawing them; the former
  /// may be undefined.
  at::Tensor start_weights;
  at::Tensor start_buffers;
  /// Type and device of parameters and gradients.
  at::TensorOptions options;
  std::shared_ptr<const dataset> train;
  augmentation change;
  int64_t epochs = 0;
  sampler_options sampling;
  /// Steps of one epoch: those of the largest shard, so that all nodes make
  /// the same number; smaller shards begin another pass.
  int64_t steps_per_epoch = 0;
  /// Epochs between two snapshots for the evaluator.
  int64_t snapshot_every = 1;
  swap_plan swaps;
  /// Rounds between two reports of the parameters for the consensus distance;
  /// 0 for none.
  int64_t report_every = 0;
  std::shared_ptr<const optimizer_recipe> optimizer;
  /// The learning rate over the course of the run.
  std::optional<schedule> rates;
  std::shared_ptr<const protocol_recipe> protocol;
  compute_service* compute = nullptr;
  /// Whether who takes part may change, in views that all agree on.
  bool has_views = false;
  /// Sees everything the nodes handle; null for none.
  event_sink* events = nullptr;
  /// What goes on otherwise than the run began, by id: compute models, links
  /// and crashes, and with them optimizer, learning rate and protocol options
  /// of this environment.
  /// Null until that happens; nodes see it with the next event they handle.
  /// May be replaced while no node handles one (virtual clock).
  std::shared_ptr<const std::vector<node_config>> changed;
};

/// One node's own part.
struct node_config {
  node_id id = no_node;
  node_role role = node_role::peer;
  /// The part of the parameters it keeps; empty for all of them.
  element_range part;
  /// Updates of one epoch: at a parameter server those that all workers'
  /// gradients make; 0 for the `steps_per_epoch` of all others.
  int64_t updates_per_epoch = 0;
  /// Whose messages reach this node, by ascending id.
  std::vector<neighbour> in_neighbours;
  /// Whom it sends to, by ascending id.
  std::vector<node_id> out_neighbours;
  double self_weight = 1;
  /// Samples of the training set that belong to this node; none at a parameter
  /// server.
  std::vector<int64_t> shard;
  compute_model compute;
  /// Outgoing links that are not ideal.
  std::map<node_id, link_model> links;
  /// Of links that are added in the course of the run.
  link_model new_link;
  /// When the node crashes, since training started; never if absent.
  std::optional<std::chrono::nanoseconds> crash_at;
  /// Whether the node joins later.
  bool absent = false;
};

/// Fills in what a node has in common with all others.
node_config complete(node_config own, const node_environment& environment);

} // namespace caps
