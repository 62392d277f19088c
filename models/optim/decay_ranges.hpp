#pragma once

#include "models/fused_pass.hpp"
#include "models/parameter_layout.hpp"

#include <vector>

namespace caps {

/// A stretch of the parameters, and whether weight decay pulls at it.
struct decay_range {
  element_range range;
  bool decays = true;
};

/// Cuts the parameters into the fewest such stretches: one if everything
/// decays, else alternating between the weights of convolutions and linear
/// layers, which decay, and biases and normalization layers, which do not.
std::vector<decay_range> decay_ranges(const parameter_layout& layout,
                                      bool weights_only);

} // namespace caps
