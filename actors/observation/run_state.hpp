#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace caps {

/// A whole run on the virtual clock, as it is between two events: everything
/// that another one of the same plan needs to go on in its place.
struct run_state {
  /// The event after which it is so.
  int64_t position = 0;
  /// The clock, what is on its way, links, coordinator and evaluator: a
  /// safetensors file.
  std::string run;
  /// By id, as they show themselves (`node::visit_state`): safetensors files.
  std::vector<std::string> nodes;
  /// What was measured before, piece by piece: safetensors files. Of a state
  /// that was just taken, what was measured since the one before alone.
  std::vector<std::string> observed;

  size_t size_bytes() const noexcept {
    auto result = run.size();
    for (const auto* list : {&nodes, &observed})
      for (const auto& x : *list)
        result += x.size();
    return result;
  }
};

} // namespace caps
