#pragma once

#include "models/nets/net.hpp"

#include <c10/core/ScalarType.h>

#include <cstdint>

namespace caps {

/// What a net costs, for listings and for the check of a scenario.
struct net_summary {
  /// Trainable numbers.
  int64_t parameters = 0;
  /// Numbers that are kept but not trained (BatchNorm statistics).
  int64_t buffers = 0;
  /// Memory of one copy of both; a message that carries the parameters alone
  /// has `parameter_bytes`.
  int64_t bytes = 0;
  int64_t parameter_bytes = 0;
  /// Of one sample's forward pass.
  int64_t multiply_adds = 0;
};

/// The cost of `x` when its numbers are of type `dtype`.
net_summary summarize(const net& x, at::ScalarType dtype);

} // namespace caps
