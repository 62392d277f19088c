#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Stochastic gradient push (Assran et al. 2019): push-sum averaging, which
/// needs no doubly stochastic weights and so works on directed graphs. A node
/// divides its sums among itself and those it sends to, and trains at their
/// quotient. A message that is lost takes its part of the sums with it.
///
/// Cost per node and swap: one message of the size of the parameters.
std::unique_ptr<protocol_recipe> push_sum();

} // namespace caps
