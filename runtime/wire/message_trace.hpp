#pragma once

#include <caf/message.hpp>

namespace caps {

/// What a recorded run tells of a message inside of a process
/// (`observed_message`), in a form that goes to another one
/// (`traced_message`). Any other message is left as it is.
caf::message with_trace(caf::message x);

/// The way back, at the receiver. The numbers of events are those of the
/// process that the message comes from.
caf::message from_trace(caf::message x);

} // namespace caps
