#pragma once

#include "actors/protocol.hpp"

namespace caps {

/// Decentralized SGD (Lian et al. 2017). As published by Niwa et al., every
/// node makes a local update and averages the result with what its neighbours
/// sent last; with `mix = "fresh"` it waits for the neighbours' updates of the
/// same step instead, so that an average holds everybody's newest update.
///
/// Cost per node and swap: one message of the size of the parameters.
std::unique_ptr<protocol_recipe> dsgd();

} // namespace caps
