#pragma once

#include "actors/observation/event_sink.hpp"
#include "runtime/recording/rows.hpp"

namespace caps {

/// The row of an event that has ended; `wall` as in the table.
event_row row_of(const event_end& x, int64_t wall);

} // namespace caps
