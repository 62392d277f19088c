#pragma once

#include "messages/double_bits.hpp"
#include "messages/fwd.hpp"
#include "messages/tensor_payload.hpp"
#include "messages/type_ids.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace caps {

/// Says where a message comes from; every message between nodes starts with
/// one. The node's context fills it in when it sends.
struct message_stamp {
  node_id source = no_node;
  /// Local updates the source had made when it sent.
  int64_t step = 0;
  /// Counts the messages of the source.
  uint64_t sequence = 0;
  /// Version of the parameters the message speaks of.
  uint64_t version = 0;
};

/// The parameters of the source after `stamp.step` local updates.
struct parameters {
  message_stamp stamp;
  /// 1-D, the flat parameter vector.
  tensor_payload weights;
};

/// A part of the source's sums in push-sum averaging.
struct weighted_parameters {
  message_stamp stamp;
  /// 1-D, of the length of the parameters.
  tensor_payload weights;
  /// The part of the sum of weights that belongs to it; positive.
  double weight = 0;
};

/// Parameters and the tracker of the mean gradient (gradient tracking).
struct tracked_parameters {
  message_stamp stamp;
  /// Both 1-D, of the length of the parameters.
  tensor_payload weights;
  tensor_payload tracker;
};

/// The dual variable of an edge, from the source to the receiver.
struct dual {
  message_stamp stamp;
  /// 1-D, of the length of the parameters.
  tensor_payload dual_vector;
  /// The source's parameters, for rules with a proximity term; else empty.
  tensor_payload weights;
};

/// The gradient of a worker's batch, or the part of it that a parameter server
/// is in charge of. `stamp.step` counts the worker's gradients from 0,
/// `stamp.version` is the version of the parameters it was computed on.
struct gradient {
  message_stamp stamp;
  /// Training loss of the batch.
  double loss = 0;
  /// Samples of the batch whose class was predicted right; 0 for regression.
  int64_t correct = 0;
  /// Samples in the batch.
  int64_t samples = 0;
  /// 1-D, of the length of the receiver's parameters.
  tensor_payload values;
  /// The worker's buffers, for the first server alone; else empty.
  tensor_payload buffers;
};

/// A worker asks for the newest parameters; answered with `parameters`.
struct pull {
  message_stamp stamp;
};

/// A worker is gone for good; the run goes on if its servers can.
struct worker_lost {
  node_id worker = no_node;
  /// What happened to it.
  std::string text;
};

/// What passed between a node and one of its neighbours so far.
struct edge_record {
  node_id peer = no_node;
  /// Sent to the neighbour.
  uint64_t bytes_sent = 0;
  uint64_t messages_sent = 0;
  /// Messages of the neighbour that did not come in time.
  uint64_t missed = 0;
};

/// What a node looked like at the end of an epoch, or at the end of training.
struct node_snapshot {
  message_stamp stamp;
  /// The epoch that ends here, or in which the node ends; counts from 1, and
  /// every snapshot of a node has another one.
  int64_t epoch = 0;
  /// Whether this is the node's last snapshot.
  bool final = false;
  /// Whether the node crashes here: its account is known, its parameters and
  /// buffers are not.
  bool crashed = false;
  /// Nanoseconds on the run's clock since training started.
  int64_t time = 0;
  /// Mean training loss since the last snapshot; NaN when there was no step.
  double train_loss = 0;
  /// Share of training samples since the last snapshot whose class was
  /// predicted right, before the update they led to; NaN for regression.
  double train_accuracy = 0;
  /// Learning rate of the last step; NaN for a node that steps with none.
  double learning_rate = 0;
  /// Bytes of all messages sent to other nodes so far.
  uint64_t bytes_sent = 0;
  /// Number of these messages.
  uint64_t messages_sent = 0;
  /// By ascending id of the neighbour.
  std::vector<edge_record> edges;
  tensor_payload weights;
  tensor_payload buffers;
};

/// The parameters of a node at the end of a round.
struct node_report {
  message_stamp stamp;
  /// Nanoseconds on the run's clock since training started.
  int64_t time = 0;
  tensor_payload weights;
};

/// Something for the log of the run.
struct node_event {
  message_stamp stamp;
  /// Nanoseconds on the run's clock since training started.
  int64_t time = 0;
  std::string text;
};

/// One number a protocol measured, such as how many gradients of worker 2 were
/// 3 versions old: {"staleness", "2", 3, 118}.
struct metric_value {
  std::string name;
  /// What it is about, such as a node or a layer; empty for the node itself.
  std::string of;
  /// Place in a histogram; 0 otherwise.
  int64_t at = 0;
  double value = 0;
};

/// What the protocol of a node measured since training started.
struct node_metrics {
  message_stamp stamp;
  /// As in the snapshot sent with it.
  int64_t epoch = 0;
  /// Nanoseconds on the run's clock since training started.
  int64_t time = 0;
  std::vector<metric_value> values;
};

/// A node made its last step; its last snapshot has been sent before.
struct node_finished {
  message_stamp stamp;
};

/// A node cannot go on.
struct node_failed {
  message_stamp stamp;
  /// An `error_code`.
  uint8_t code = 0;
  /// One line: what happened, at which step, and a hint.
  std::string text;
};

/// A sign of life, a hundred times per run and node.
struct progress {
  message_stamp stamp;
};

/// Train from here on; the node's clock starts.
struct start_training {
  /// Nanoseconds since the run began: more than 0 in one that goes on.
  int64_t elapsed = 0;
};

/// Stop after the update at hand, send a last snapshot and finish.
struct stop_training {};

/// Wakes a node's protocol to look at its deadline; a timer, which stays inside
/// the node, but may have to be kept with it.
struct deadline_tick {};

/// How to reach a node.
struct acquaintance {
  node_id id = no_node;
  caf::actor handle;
};

/// Tells a node of the same process how to reach those it sends to.
struct introductions {
  /// The node's out-neighbours.
  std::vector<acquaintance> neighbours;
  caf::actor coordinator;
  caf::actor evaluator;
  /// Where nodes come and go: who sees to it, and how to reach those that
  /// become neighbours later.
  caf::actor membership{};
  std::function<caf::actor(node_id)> way{};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, message_stamp& x) {
  return f(caf::meta::type_name("stamp"), x.source, x.step, x.sequence,
           x.version);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, parameters& x) {
  return f(caf::meta::type_name("parameters"), x.stamp, x.weights);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, weighted_parameters& x) {
  return f(caf::meta::type_name("weighted_parameters"), x.stamp, x.weights,
           double_bits{x.weight});
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tracked_parameters& x) {
  return f(caf::meta::type_name("tracked_parameters"), x.stamp, x.weights,
           x.tracker);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, dual& x) {
  return f(caf::meta::type_name("dual"), x.stamp, x.dual_vector, x.weights);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, gradient& x) {
  return f(caf::meta::type_name("gradient"), x.stamp, double_bits{x.loss},
           x.correct, x.samples, x.values, x.buffers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pull& x) {
  return f(caf::meta::type_name("pull"), x.stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, worker_lost& x) {
  return f(caf::meta::type_name("worker_lost"), x.worker, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, metric_value& x) {
  return f(caf::meta::type_name("metric_value"), x.name, x.of, x.at,
           double_bits{x.value});
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_metrics& x) {
  return f(caf::meta::type_name("node_metrics"), x.stamp, x.epoch, x.time,
           x.values);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, edge_record& x) {
  return f(caf::meta::type_name("edge_record"), x.peer, x.bytes_sent,
           x.messages_sent, x.missed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_report& x) {
  return f(caf::meta::type_name("node_report"), x.stamp, x.time, x.weights);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_event& x) {
  return f(caf::meta::type_name("node_event"), x.stamp, x.time, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_snapshot& x) {
  return f(caf::meta::type_name("node_snapshot"), x.stamp, x.epoch, x.final,
           x.crashed, x.time, double_bits{x.train_loss},
           double_bits{x.train_accuracy}, double_bits{x.learning_rate},
           x.bytes_sent, x.messages_sent, x.edges, x.weights, x.buffers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_finished& x) {
  return f(caf::meta::type_name("node_finished"), x.stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_failed& x) {
  return f(caf::meta::type_name("node_failed"), x.stamp, x.code, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, progress& x) {
  return f(caf::meta::type_name("progress"), x.stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, start_training& x) {
  return f(caf::meta::type_name("start_training"), x.elapsed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, stop_training&) {
  return f(caf::meta::type_name("stop_training"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, deadline_tick&) {
  return f(caf::meta::type_name("deadline_tick"));
}

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::introductions)
