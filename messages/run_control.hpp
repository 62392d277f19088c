#pragma once

#include "messages/double_bits.hpp"
#include "messages/fwd.hpp"
#include "messages/type_ids.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

// How the processes of a run come together and end.

namespace caps {

/// What must be the same in all processes of a run.
struct run_identity {
  /// Of the program and its libraries.
  std::string version;
  /// Digest of the parameter layout.
  uint64_t layout = 0;
  /// Digest of the training and test data.
  uint64_t data = 0;
  /// Names and digests of the plug-ins, in the order they were loaded in.
  std::vector<std::string> plugins;
};

/// A process is ready to take part in a run.
struct process_joined {
  uint32_t process = 0;
  /// Its number at the operating system.
  int64_t pid = 0;
  run_identity identity;
};

/// All processes have joined: time to introduce the nodes to each other.
struct all_joined {};

/// The nodes of a process know how to reach the others.
struct process_wired {
  uint32_t process = 0;
};

/// A process ended although the run had not.
struct process_lost {
  uint32_t process = 0;
  /// How it ended, such as "was killed by signal 9".
  std::string text;
};

/// The run is over.
struct run_over {
  /// Exit code for the process.
  int32_t code = 0;
  /// Why, if it went wrong.
  std::string text;
};

/// What a process has sent on an edge to a node of another process so far.
struct sent_on_edge {
  node_id from = no_node;
  node_id to = no_node;
  /// Of messages with all that goes with them.
  uint64_t bytes = 0;
  uint64_t messages = 0;
  /// Of these, those that have not gone yet.
  uint64_t waiting = 0;
  /// Messages that never went: newer ones took their place.
  uint64_t replaced = 0;
  /// Segments that were sent again, of all edges between the two processes.
  uint64_t retransmissions = 0;
};

/// What has come on an edge from a node of another process so far.
struct received_on_edge {
  node_id from = no_node;
  node_id to = no_node;
  /// Seconds from a message's being sent to all of it having come, those it
  /// waited at the sender included; between hosts with clocks that differ, to
  /// within half a round trip.
  double latency_median = 0;
  double latency_p99 = 0;
};

/// What has passed on edges of a process, now and then.
struct link_report {
  uint32_t process = 0;
  std::vector<sent_on_edge> sent;
  std::vector<received_on_edge> received;
  /// How often the process was started again: each time it counts anew.
  uint32_t life = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, sent_on_edge& x) {
  return f(caf::meta::type_name("sent_on_edge"), x.from, x.to, x.bytes,
           x.messages, x.waiting, x.replaced, x.retransmissions);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, received_on_edge& x) {
  return f(caf::meta::type_name("received_on_edge"), x.from, x.to,
           double_bits{x.latency_median}, double_bits{x.latency_p99});
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_report& x) {
  return f(caf::meta::type_name("link_report"), x.process, x.sent, x.received,
           x.life);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, run_identity& x) {
  return f(caf::meta::type_name("run_identity"), x.version, x.layout, x.data,
           x.plugins);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_joined& x) {
  return f(caf::meta::type_name("process_joined"), x.process, x.pid,
           x.identity);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, all_joined&) {
  return f(caf::meta::type_name("all_joined"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_wired& x) {
  return f(caf::meta::type_name("process_wired"), x.process);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_lost& x) {
  return f(caf::meta::type_name("process_lost"), x.process, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, run_over& x) {
  return f(caf::meta::type_name("run_over"), x.code, x.text);
}

} // namespace caps
