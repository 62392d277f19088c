#include "runtime/wire/message_trace.hpp"

#include "actors/observation/event_sink.hpp"
#include "messages/traced_message.hpp"

#include <utility>

namespace caps {

caf::message with_trace(caf::message x) {
  if (!x.match_elements<observed_message>())
    return x;
  const auto& [content, origin] = x.get_as<observed_message>(0);
  return caf::make_message(traced_message{origin.stamp, origin.versioned,
                                          origin.bytes, origin.digest,
                                          origin.cause, content});
}

caf::message from_trace(caf::message x) {
  if (!x.match_elements<traced_message>())
    return x;
  auto& letter = x.get_mutable_as<traced_message>(0);
  observed_message result;
  auto& origin = result.origin;
  origin.kind = message_kind(letter.content);
  origin.stamp = letter.stamp;
  origin.versioned = letter.versioned;
  origin.bytes = letter.bytes;
  origin.digest = letter.digest;
  origin.cause = letter.cause;
  result.content = std::move(letter.content);
  return caf::make_message(std::move(result));
}

} // namespace caps
