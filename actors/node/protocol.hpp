#pragma once

#include "actors/node/edge_changes.hpp"
#include "actors/node/node_context.hpp"
#include "models/consensus/mixing.hpp"
#include "models/options.hpp"
#include "models/registry.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>

#include <memory>
#include <string>
#include <vector>

namespace caps {

/// Answers `node_context::compute`: the gradient lies in the node's
/// parameter vector. Stays inside the node.
struct gradient_ready {
  /// Training loss of the batch.
  double loss = 0;
  /// Samples of the batch whose class was predicted right; 0 for regression.
  int64_t correct = 0;
  /// Samples in the batch.
  int64_t samples = 0;
};

/// What a node waits for; shown when a run cannot go on.
struct waiting {
  /// Who must answer.
  node_id from = no_node;
  /// What is missing, such as "parameters of step 12".
  std::string what;
  /// Time on the run's clock since when.
  node_context::duration since{0};
};

/// One role's part in a protocol, at one node: when to compute, what to send
/// to whom, what to do when an answer is late. Holds no arithmetic (that is
/// in `models/`) and knows nothing of the world but its `node_context`.
class protocol {
public:
  virtual ~protocol() = default;

  /// The handlers of all messages: `start_training`, `gradient_ready`, those
  /// of other nodes and the node's own timers. Handlers may refer to this
  /// object and the context; both outlive them.
  virtual caf::behavior behavior() = 0;

  /// Everything this node waits for at the moment.
  virtual std::vector<waiting> waits() const { return {}; }

  /// What this protocol measured since training started; asked for at the end
  /// of every epoch.
  virtual std::vector<metric_value> metrics() { return {}; }

  /// A neighbour, or a server, says nothing any more: nobody waits for it until
  /// the view comes that is without it.
  virtual void stop_waiting_for(node_id) {}

  /// The node has entered another view, between two updates: its context has
  /// the neighbours and weights of that one. Where nodes wait for each other,
  /// all enter a view after the same number of updates.
  ///
  /// Returns whether the protocol can go on so; one that says nothing cannot.
  virtual bool neighbours_changed(const edge_changes&) { return false; }

  /// Shows what a node that begins takes over of this protocol at another node,
  /// besides parameters, buffers and optimizer, which it has already. Called
  /// once per node that begins: at the giving node, and then, with a visitor
  /// that restores, at the receiving one before it starts.
  virtual void share_state(state_visitor&) {}

  /// Shows everything that this protocol must remember to go on exactly where
  /// it is. Of another one, made with the same options at the same node and
  /// never started, a visitor that restores makes one that goes on in its
  /// place. What follows from options and node is no state, and neither are
  /// the node's parameters, optimizer and random stream.
  ///
  /// Returns whether all of it was shown. Then runs can be continued from a
  /// snapshot; `caps_runtime conform` checks it.
  virtual bool visit_state(state_visitor&) { return false; }
};

/// What a protocol must know of a node before a run begins.
struct node_setting {
  node_id id = no_node;
  node_role role = node_role::peer;
  std::vector<node_id> in_neighbours;
  std::vector<node_id> out_neighbours;
  /// Whether edges lead one way only.
  bool directed = false;
  bool same_start = true;
  const swap_plan* swaps = nullptr;
  /// The averaging weights of all nodes; null without a graph.
  const mixing_matrix* mixing = nullptr;
  double learning_rate = 0;
};

/// What one node sends in one round.
struct round_cost {
  /// Local updates in a round.
  int64_t steps = 1;
  double messages = 0;
  /// Parameter vectors (or vectors of that size) in all these messages.
  double vectors = 0;
};

/// What a protocol with parameter servers asks of a run.
struct server_demand {
  /// Parameter servers that share the parameters; 0: all nodes are peers.
  int64_t servers = 0;
  /// Whether each gradient is an update of its own; else one update takes a
  /// gradient of every worker.
  bool update_per_gradient = false;
};

/// The keys of a scenario that only some protocols make use of.
struct used_settings {
  /// [topology] kind and the options of the one so named.
  bool topology = true;
  /// topology.mixing, topology.lazy and the weight of an [[edge]]: averages
  /// with `node_context::self_weight` and the weights of in-neighbours.
  bool mixing = true;
  /// [optimizer] and [schedule].
  bool optimizer = true;
  /// [swaps] kind with its options, and step.
  bool swaps = true;
  /// training.same_start.
  bool same_start = true;
  /// evaluation.rounds.
  bool consensus = true;
  /// training.buffers: does as `node_context::averages_buffers` says, which
  /// `swapping` takes care of where messages go through its `send`.
  bool buffers = false;
};

/// Makes the protocol of a node from the options of the run.
class protocol_recipe
  : public recipe<std::unique_ptr<protocol>, node_context&> {
public:
  /// With servers, the nodes of the scenario are workers, each connected to
  /// every server, and nobody else.
  virtual server_demand servers() const { return {}; }

  /// Which keys this protocol makes use of in a run with these swaps; their
  /// schedule is null in a run with servers. A scenario that changes another
  /// one is refused.
  virtual used_settings uses(const swap_plan&) const { return {}; }

  /// What a node costs.
  virtual round_cost cost(const node_setting& node) const = 0;

  /// Throws `input_error` if the protocol cannot work at a node so placed.
  virtual void check(const node_setting&) const {}
};

/// The built-in protocols.
registry<protocol_recipe> built_in_protocols();

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::gradient_ready)
