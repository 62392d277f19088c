#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Gossip SGD as published by Niwa et al. (KDD 2020): after a local update a
/// node averages pairwise with one neighbour after the other, by what each
/// sent last, and sends to each the parameters right after its turn.
///
/// Cost per node and swap: one message of the size of the parameters.
std::unique_ptr<protocol_recipe> gossip_sgd();

} // namespace caps
