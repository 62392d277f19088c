#pragma once

#include "actors/observation/run_observer.hpp"
#include "models/state.hpp"

#include <string_view>

namespace caps {

// Rows as state: their numbers, bit for bit.

void visit_value(state_visitor& visitor, std::string_view name,
                 metrics_row& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 edge_row& value);

void visit_value(state_visitor& visitor, std::string_view name,
                 round_row& value);

} // namespace caps
