#pragma once

#include "messages/double_bits.hpp"
#include "messages/fwd.hpp"
#include "messages/nested_message.hpp"
#include "messages/tensor_payload.hpp"
#include "messages/type_ids.hpp"
#include "messages/types.hpp"

#include <caf/message.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <vector>

// Who takes part in a run, and from when on: its views.

namespace caps {

/// A node at the other end of an incoming edge, and the weight of its
/// parameters in averages over the edges of the receiving node.
struct weighted_peer {
  node_id id = no_node;
  double weight = 0;
};

/// A view as one node sees it: who takes part from a step on, and what the
/// edges of this node are. Views of a run are numbered from 0, the one it
/// begins with; all who take part in one have agreed on its step.
struct node_view {
  int64_t number = 0;
  /// The update (0 is the first) from which it holds; -1: at once, where nobody
  /// waits for anybody.
  int64_t from_step = -1;
  /// All who take part, by ascending id.
  std::vector<node_id> living;
  /// By ascending id.
  std::vector<weighted_peer> in;
  std::vector<node_id> out;
  double self_weight = 1;
  /// The peers with whom this node begins anew: they were no neighbours in the
  /// view before, or have been away.
  std::vector<node_id> renewed;
  /// Whether this node is new in this view, or back.
  bool begins = false;
  /// Whether this node, which is not in it, ends its training with it.
  bool ends = false;
  /// Who sends this node its state; `no_node`: nobody has to.
  node_id donor = no_node;
  /// To whom this node sends its state as it is at `from_step`.
  std::vector<node_id> receivers;
};

/// A view will follow. The node says how far it may get without it.
struct view_proposal {
  int64_t number = 0;
  /// Neighbours of the node that say nothing any more.
  std::vector<node_id> gone;
};

/// The answer to a proposal: the node begins no update after `step` before it
/// knows from when on the view holds.
struct view_bound {
  message_stamp stamp;
  int64_t number = 0;
  int64_t step = 0;
  /// Whether the node has made its last update.
  bool finished = false;
};

/// A message between nodes, and the view it was sent in: the number of its
/// stamp says which (`view_keeper`).
struct sent_in_view {
  message_stamp stamp;
  caf::message content;
};

/// The state of a node for one that begins: everything that is not in its data
/// and not of its own.
struct state_transfer {
  message_stamp stamp;
  /// The view in which the receiver begins.
  int64_t view = 0;
  tensor_payload weights;
  tensor_payload buffers;
  /// Optimizer, and what the protocol shares: a safetensors file, in pieces
  /// that are no larger than payloads may be.
  std::vector<tensor_payload> rest;
  /// Of all three (XXH3).
  uint64_t digest = 0;
};

/// The node crashes now.
struct crash_now {
  /// Whether it may come back: it has left nothing but its name then.
  bool returns = false;
};

/// The node does nothing until it is resumed; what comes meanwhile waits.
struct pause_node {};
struct resume_node {};

/// The node that is away comes back no more.
struct give_up {};

/// What the node sends to these is lost, until as many `join_links` name them.
struct part_links {
  std::vector<node_id> peers;
};
struct join_links {
  std::vector<node_id> peers;
};

/// The process of these nodes is gone, and all that they had with it.
struct process_gone {
  std::vector<node_id> nodes;
  /// Which one, and how it ended.
  std::string text;
};

/// It is there again: nodes in it can begin anew.
struct process_returned {
  std::vector<node_id> nodes;
};

/// A node has begun with the state of another one.
struct node_begun {
  message_stamp stamp;
  int64_t view = 0;
};

/// A node that was left out finds itself there again, and wants to be back.
struct node_returns {
  message_stamp stamp;
};

/// A node is away, for a time at least: nobody waits for its results.
struct node_away {
  message_stamp stamp;
  /// Whether it has lost its account of what it sent with all else: the next
  /// one begins anew.
  bool forgets = false;
};

/// It is back, after the given number of whole epochs.
struct node_back {
  message_stamp stamp;
  int64_t epoch = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, weighted_peer& x) {
  return f(caf::meta::type_name("weighted_peer"), x.id, double_bits{x.weight});
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_view& x) {
  return f(caf::meta::type_name("node_view"), x.number, x.from_step, x.living,
           x.in, x.out, double_bits{x.self_weight}, x.renewed, x.begins, x.ends,
           x.donor, x.receivers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, view_proposal& x) {
  return f(caf::meta::type_name("view_proposal"), x.number, x.gone);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, view_bound& x) {
  return f(caf::meta::type_name("view_bound"), x.stamp, x.number, x.step,
           x.finished);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, state_transfer& x) {
  return f(caf::meta::type_name("state_transfer"), x.stamp, x.view, x.weights,
           x.buffers, x.rest, x.digest);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, sent_in_view& x) {
  auto check = [&x] { return check_nested(x.content); };
  return f(caf::meta::type_name("sent_in_view"), x.stamp, x.content,
           caf::meta::load_callback(check));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, crash_now& x) {
  return f(caf::meta::type_name("crash_now"), x.returns);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pause_node&) {
  return f(caf::meta::type_name("pause_node"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, resume_node&) {
  return f(caf::meta::type_name("resume_node"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, give_up&) {
  return f(caf::meta::type_name("give_up"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, part_links& x) {
  return f(caf::meta::type_name("part_links"), x.peers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, join_links& x) {
  return f(caf::meta::type_name("join_links"), x.peers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_gone& x) {
  return f(caf::meta::type_name("process_gone"), x.nodes, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_returned& x) {
  return f(caf::meta::type_name("process_returned"), x.nodes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_begun& x) {
  return f(caf::meta::type_name("node_begun"), x.stamp, x.view);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_returns& x) {
  return f(caf::meta::type_name("node_returns"), x.stamp);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_away& x) {
  return f(caf::meta::type_name("node_away"), x.stamp, x.forgets);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_back& x) {
  return f(caf::meta::type_name("node_back"), x.stamp, x.epoch);
}

} // namespace caps
