#pragma once

#include "messages/membership.hpp"
#include "messages/types.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <vector>

// What the membership of a run tells a node of its process.

namespace caps {

/// A view will follow: `view_bound` is the answer.
struct proposal_order {
  view_proposal content;
  caf::actor membership;
};

/// The next view.
struct view_order {
  node_view content;
  /// How to reach all whom it names.
  std::vector<acquaintance> handles;
  caf::actor membership;
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

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::proposal_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::view_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::crash_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::pause_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::resume_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::give_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::part_links)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::join_links)
