#pragma once

#include "actors/node/edge_changes.hpp"
#include "actors/node/protocol.hpp"

#include <c10/core/Device.h>

#include <caf/behavior.hpp>
#include <caf/fwd.hpp>

#include <memory>
#include <vector>

namespace caps {

/// The protocol at a node: its object, its handlers, and how another one with
/// other options goes on in its place.
class running_protocol {
public:
  using recipe_ptr = std::shared_ptr<const protocol_recipe>;

  /// Makes the protocol of a node that begins.
  void make(recipe_ptr recipe, node_context& node);

  /// Hands it a message. Returns false for one that it does not know.
  bool handle(caf::type_erased_tuple& content);

  /// Goes on as `recipe` says, if that is another one, with what the protocol
  /// remembers. Throws `error` if the two do not remember the same.
  void change(const recipe_ptr& recipe, node_context& node,
              c10::Device device);

  /// As `protocol` says.
  void stop_waiting_for(node_id gone) { protocol_->stop_waiting_for(gone); }
  bool neighbours_changed(const edge_changes& x) {
    return protocol_->neighbours_changed(x);
  }
  void share_state(state_visitor& visitor) { protocol_->share_state(visitor); }

  std::vector<waiting> waits() const { return protocol_->waits(); }

  std::vector<metric_value> metrics() { return protocol_->metrics(); }

  /// Returns whether the protocol shows all that it remembers.
  bool visit_state(state_visitor& visitor);

  /// Handles nothing from here on.
  void close() { handlers_ = {}; }

private:
  std::unique_ptr<protocol> protocol_;
  recipe_ptr made_by_;
  caf::behavior handlers_;
};

} // namespace caps
