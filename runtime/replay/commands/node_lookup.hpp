#pragma once

#include "runtime/replay/session.hpp"
#include "runtime/replay/words.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace caps {

/// The node that a command names next.
const recorded_node& read_node(session& s, words& in);

/// What a node was like at this place of the walk; throws `input_error` if that
/// is not known.
node_state state_of(session& s, state_kind kind, int64_t node);

/// "right after event #118" or "of event #110, the last one known".
std::string origin_text(const node_state& x, int64_t start);

nlohmann::ordered_json origin_json(const node_state& x);

/// The part of that name; throws `input_error` naming those there are.
const state_part& part_of(const node_state& state, const std::string& name);

/// Norm, mean and range of a vector.
struct statistics {
  double norm = 0;
  double mean = 0;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
};

statistics statistics_of(const std::vector<double>& values);

} // namespace caps
