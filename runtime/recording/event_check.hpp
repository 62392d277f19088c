#pragma once

#include "runtime/recording/rows.hpp"

#include <string>
#include <vector>

namespace caps {

/// The columns in which an event that happened again differs from the recorded
/// one, each as "name: recorded, now"; the `wall` of events differs always and
/// does not count. Empty if none does.
std::vector<std::string> differences(const event_row& recorded,
                                     const event_row& now);

/// "event 118 (gradient from node 2 to node 3)".
std::string event_text(const event_row& x);

} // namespace caps
