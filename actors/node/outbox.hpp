#pragma once

#include "actors/links/link_model.hpp"
#include "actors/links/link_traffic.hpp"
#include "messages/types.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace caps {

class state_visitor;

/// The ways from a node to its neighbours: their handles, the delay injectors
/// of links that are not ideal, and the account of what was sent over each and
/// of what did not come back in time. Belongs to one actor.
class outbox {
public:
  /// The way to a neighbour.
  struct link {
    node_id to = no_node;
    caf::actor handle;
    /// Takes the messages if the link is not ideal.
    caf::actor injector{};
    uint64_t bytes_sent = 0;
    uint64_t messages_sent = 0;
  };

  /// @param owner the node, which outlives this
  /// @param seed the scenario's, for what links draw
  outbox(caf::event_based_actor& owner, node_id id, uint64_t seed)
    : owner_(owner), id_(id), seed_(seed) {}

  /// Opens ways to these neighbours in place of those before; `models` tells
  /// of links that are not ideal.
  void open(const std::vector<acquaintance>& neighbours,
            const std::map<node_id, link_model>& models);

  /// Opens ways to those of these neighbours to whom there is none; `way` leads
  /// to each, and `models` tells of links that are not as `usual`.
  void extend(const std::vector<node_id>& neighbours,
              const std::function<caf::actor(node_id)>& way,
              const std::map<node_id, link_model>& models,
              const link_model& usual);

  /// Loses what is sent to these from here on, or (`by` -1) does so for one
  /// reason less.
  void part(const std::vector<node_id>& peers, int64_t by);

  /// Lets go of all handles: neighbours hold each other's.
  void close() { links_.clear(); }

  /// Null for a node that is no neighbour.
  link* find(node_id to);

  /// Adds a message to the account of its link.
  void count(link& way, size_t bytes) {
    bytes_sent_ += bytes;
    ++messages_sent_;
    way.bytes_sent += bytes;
    ++way.messages_sent;
  }

  /// Sends a message that was counted, in the name of the node.
  void deliver(const link& way, caf::message content, size_t bytes);

  /// Counts a message of a neighbour that did not come in time.
  void count_missed(node_id from) { ++missed_[from]; }

  /// Treats what is sent from here on as these links do; what is not named has
  /// an ideal link. Messages on their way stay on it.
  void change(const std::map<node_id, link_model>& models);

  uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  uint64_t messages_sent() const noexcept { return messages_sent_; }

  /// The account of every edge, by ascending neighbour.
  std::vector<edge_record> records() const;

  /// Shows the account.
  void visit_state(state_visitor& visitor);

  /// Shows where the links stand. A visitor that restores makes injectors where
  /// there were some.
  void visit_links(state_visitor& visitor);

private:
  /// What becomes of messages on a new link.
  link_traffic traffic_to(node_id to, const link_model& model) const;
  caf::actor make_injector(node_id to, const link_model& model);

  caf::event_based_actor& owner_;
  node_id id_;
  uint64_t seed_;
  std::vector<link> links_;
  /// Those to whom links are parted, and for how many reasons each.
  std::map<node_id, int64_t> parted_;
  uint64_t bytes_sent_ = 0;
  uint64_t messages_sent_ = 0;
  /// Messages of each in-neighbour that did not come in time.
  std::map<node_id, uint64_t> missed_;
};

} // namespace caps
