#pragma once

#include "messages/fwd.hpp"
#include "messages/nested_message.hpp"
#include "messages/type_ids.hpp"
#include "messages/types.hpp"

#include <caf/message.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>

namespace caps {

/// A message between nodes of two processes of a recorded run, with what its
/// sender knows of it: each process records what its own nodes handle.
struct traced_message {
  message_stamp stamp;
  /// Whether the sender said of what version the message speaks.
  bool versioned = false;
  /// Size between processes.
  uint64_t bytes = 0;
  /// Of the content without its stamp.
  uint64_t digest = 0;
  /// The event at its sender whose handling sent it, as numbered there.
  int64_t cause = 0;
  caf::message content;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, traced_message& x) {
  auto check = [&x] { return check_nested(x.content); };
  return f(caf::meta::type_name("traced_message"), x.stamp, x.versioned,
           x.bytes, x.digest, x.cause, x.content,
           caf::meta::load_callback(check));
}

} // namespace caps
