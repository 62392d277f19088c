#pragma once

#include "actors/node/protocol.hpp"
#include "models/compression/reducer.hpp"

#include <cstdint>
#include <limits>
#include <string_view>

namespace caps {

/// Options that all protocols with parameter servers have.
struct serving_options {
  /// Parameter servers that share the parameters.
  int64_t servers = 1;
  /// Workers below which the run ends with an error; 0: all of them.
  int64_t min_workers = 0;
  /// What workers leave out of their gradients.
  reducer_choice reduction{};
  /// Servers leave it out of the parameters they send as well.
  bool reduce_pulls = false;

  void describe(option_visitor& visitor);
};

/// Throws `input_error` if more workers must stay than there are, or if a run
/// has settings that only make sense between peers.
void check(const serving_options& options, const node_setting& node,
           std::string_view protocol);

/// What all protocols with parameter servers make use of: such a run has a
/// graph, messages and a start of its own.
used_settings used_with_servers();

/// What a node costs in a step of all workers.
round_cost serving_cost(const serving_options& options,
                        const node_setting& node);

/// The version of parameters that no update will follow: the run is over.
constexpr auto last_version = std::numeric_limits<uint64_t>::max();

} // namespace caps
