#pragma once

#include "actors/compute/compute_pool.hpp"
#include "actors/node/node_context.hpp"
#include "actors/observation/run_observer.hpp"
#include "messages/actors.hpp"
#include "models/data/dataset.hpp"
#include "models/evaluation.hpp"
#include "models/nets/net.hpp"
#include "models/state.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace caps {

/// Samples to measure on.
struct sample_set {
  /// Null when there are none.
  std::shared_ptr<const dataset> data;
  std::vector<int64_t> indices;
};

struct evaluator_config {
  std::shared_ptr<const net> model;
  at::TensorOptions options;
  sample_set validation;
  sample_set test;
  /// Samples per job of the pool.
  int64_t chunk = evaluation_chunk;
  /// Whether the mean of all nodes is measured as well.
  bool mean_model = true;
  /// Number of nodes in the run.
  node_id nodes = 0;
  /// By ascending id; empty between peers.
  std::vector<server_part> servers;
  /// Whether nodes may lose their accounts, and be back.
  bool remembers = false;
  /// Outlive the evaluator.
  compute_pool* pool = nullptr;
  run_observer* observer = nullptr;
};

struct evaluator_state {
  static inline const char* name = "evaluator";

  evaluator_config config;

  /// What a node trains.
  struct vectors {
    tensor_payload weights;
    tensor_payload buffers;
  };

  /// One epoch, as far as nodes have reached it: by node, in ascending order.
  struct epoch_record {
    std::map<node_id, metrics_row> rows;
    std::map<node_id, vectors> parameters;
    std::map<node_id, std::vector<edge_record>> edges;
  };

  /// A node that reports nothing any more.
  struct ended_node {
    /// Of its last report.
    int64_t epoch = 0;
    /// Nothing if it crashed.
    std::optional<vectors> last;
    std::vector<edge_record> edges;
  };

  /// One round, as far as nodes have reached it.
  struct round_record {
    int64_t time = 0;
    /// Without buffers.
    std::map<node_id, vectors> nodes;
  };

  /// Rounds that some nodes have not reached yet, by step.
  std::map<int64_t, round_record> rounds;

  /// Epochs that some nodes have not reached yet.
  std::map<int64_t, epoch_record> open;

  /// Epochs that some parameter servers have not reached yet.
  std::map<int64_t, std::map<node_id, node_snapshot>> parts;

  /// Between peers.
  std::map<node_id, ended_node> ended;

  /// Between peers: the last epoch that each node has reported, by node, and
  /// how many of those that live have reported which.
  std::map<int64_t, int64_t> reported;
  std::map<int64_t, int64_t> living_at;

  /// Between peers: nodes that are away, and the last epoch and round that were
  /// reported; what a node says of an earlier one comes too late.
  std::set<node_id> away;
  int64_t closed_epoch = 0;
  int64_t closed_round = -1;

  /// What a node has sent.
  struct sent_record {
    uint64_t bytes = 0;
    uint64_t messages = 0;
    std::vector<edge_record> edges;
  };

  /// What each node has reported last; and what it had reported before it lost
  /// its own account, which is added to all that it reports from then on.
  std::map<node_id, sent_record> last_sent;
  std::map<node_id, sent_record> forgotten;

  /// With parameter servers: what is known of the edges of each node.
  std::map<node_id, std::vector<edge_record>> accounts;

  /// Shows what waits for other nodes.
  void visit_state(state_visitor& visitor, caf::actor_system& system);

  void take(node_snapshot x);
  /// Adds what the node has forgotten, and remembers the sum.
  void complete(node_snapshot& x);
  void take_peer(const node_snapshot& x);
  void take_served(const node_snapshot& x);
  void take_part(const node_snapshot& x);
  metrics_row measured(const node_snapshot& x) const;
  quality measure(const sample_set& samples, const at::Tensor& weights,
                  const at::Tensor& buffers) const;
  void take(const node_report& x);
  void take(const node_away& x);
  void take(const node_back& x);
  void flush();

  // -- between peers ----------------------------------------------------------

  void count(const node_snapshot& x);
  /// Closes the epochs that nobody who lives is still to reach.
  void close_complete_epochs();
  /// Reports an epoch. Those that ended before it stay as they were.
  void close(int64_t epoch, epoch_record& record);
  /// Test accuracy of the mean of some nodes, `weights`.
  std::optional<double> measure_mean(const std::map<node_id, vectors>& nodes,
                                     const epoch_record& record,
                                     const at::Tensor& weights) const;
  void report_edges(const epoch_record& record,
                    const std::map<node_id, vectors>& nodes);
  void close_complete_rounds();

  // -- with parameter servers -------------------------------------------------

  void report_served(const node_snapshot& x, metrics_row row);
};

/// Measures every snapshot as it comes, on all threads of the pool, and takes
/// no time on the run's clock. Reports an epoch once all nodes that live have
/// reached it, since consensus distance and mean need them all. With parameter
/// servers there is one parameter vector: its parts are put together and
/// measured as the first server's; workers and other servers get rows without
/// a quality, at once.
evaluator_actor::behavior_type
evaluator(evaluator_actor::stateful_pointer<evaluator_state> self,
          evaluator_config config);

} // namespace caps
