#pragma once

#include "actors/links/swap_schedule.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/topology/graph.hpp"

#include <utility>

namespace caps {

/// Draws the graph of a scenario and makes its swaps; refuses keys that the
/// protocol makes no use of. Throws `input_error`.
std::pair<graph, swap_plan> draw_settled(scenario& x, const source_map& places);

/// Gives keys that the protocol makes no use of their defaults again, as a plan
/// does, where the protocol was chosen over the file that says them; throws
/// `input_error` for those that are meant.
void settle(loaded_scenario& loaded);

} // namespace caps
