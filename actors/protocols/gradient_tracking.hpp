#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Gradient tracking (Nedic et al. 2017): steps along a tracker of the mean
/// gradient of all nodes. Needs every edge in every step.
///
/// Cost per node and step: one message of two parameter vectors per neighbour.
std::unique_ptr<protocol_recipe> gradient_tracking();

} // namespace caps
