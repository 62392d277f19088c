#pragma once

#include "actors/links/link_traffic.hpp"

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <caf/stateful_actor.hpp>

#include <optional>

namespace caps {

/// A message on a link, handed to the link's delay injector in the sender's
/// process.
struct envelope {
  caf::actor destination;
  caf::message content;
  /// Size between processes.
  size_t bytes = 0;
};

struct delay_injector_state {
  static inline const char* name = "delay_injector";
  /// Set when the actor begins, unless somebody has set it before.
  std::optional<link_traffic> traffic;
};

/// Sits beside the sender of a link that is not ideal: takes envelopes and
/// delivers them as `traffic` says, in the name of their sender. A `link_model`
/// changes the link for what is sent from then on.
caf::behavior delay_injector(caf::stateful_actor<delay_injector_state>* self,
                             const link_traffic& traffic);

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::envelope)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::link_model)
