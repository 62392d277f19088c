#pragma once

#include "models/options.hpp"

#include <chrono>

namespace caps {

/// How well one edge carries messages in one direction.
struct link_model {
  /// Time from sending to delivery.
  std::chrono::nanoseconds latency{0};

  /// Whether messages arrive at once and for certain.
  bool ideal() const noexcept { return latency.count() == 0; }

  void describe(option_visitor& visitor);
};

} // namespace caps
