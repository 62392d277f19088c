#include "runtime/replay/commands/node_lookup.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace caps {

const recorded_node& read_node(session& s, words& in) {
  return s.file().node(in.number("node"));
}

node_state state_of(session& s, state_kind kind, int64_t node) {
  auto state = s.states().find(kind, node, s.place().position());
  if (!state)
    throw input_error(fmt::format("nothing is known of the {} of node {} up to "
                                  "here",
                                  to_text(kind), node));
  return std::move(*state);
}

std::string origin_text(const node_state& x, int64_t start) {
  auto event
    = x.sequence == start ? "the start" : fmt::format("event #{}", x.sequence);
  return fmt::format("step {}, after {}{}", x.step, event,
                     x.exact ? "" : ", the last that is known");
}

nlohmann::ordered_json origin_json(const node_state& x) {
  return {{"node", x.node},
          {"sequence", x.sequence},
          {"step", x.step},
          {"exact", x.exact}};
}

statistics statistics_of(const std::vector<double>& values) {
  statistics x;
  double squares = 0;
  for (auto value : values) {
    squares += value * value;
    x.mean += value;
    x.min = std::min(x.min, value);
    x.max = std::max(x.max, value);
  }
  x.norm = std::sqrt(squares);
  x.mean /= static_cast<double>(std::max<size_t>(1, values.size()));
  return x;
}

const state_part& part_of(const node_state& state, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& part : state.parts) {
    if (part.name == name)
      return part;
    names.push_back(part.name);
  }
  auto close = nearest(name, names);
  throw input_error(fmt::format(
    "there is no '{}'{}; known: {}", name,
    close.empty() ? "" : fmt::format(" (did you mean '{}'?)", close),
    join(names)));
}

} // namespace caps
