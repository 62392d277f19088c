#pragma once

#include "runtime/recording/rows.hpp"

#include <caf/message.hpp>

#include <cstdint>
#include <map>
#include <string>

namespace caps {

/// What the membership of a run told a node at an event, by the number of the
/// event, serialized.
using membership_letters = std::map<int64_t, std::string>;

/// The order that made a node say or do what the event tells; empty if it was
/// none of the membership, is not among the letters, cannot be read, or names
/// nodes that are not there.
///
/// @param nodes how many there are
caf::message order_of(const event_row& event, const membership_letters& letters,
                      node_id nodes);

} // namespace caps
