#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Decentralized SGD (Lian et al. 2017). As published by Niwa et al., every
/// node makes a local update and averages the result with what its neighbours
/// sent last; with `mix = "fresh"` it waits for the neighbours' updates of the
/// same step instead, so that an average holds everybody's newest update.
///
/// With a `compressor` only what changed is sent: neighbours hold a copy of each
/// other's parameters and bring it up to date (see `reducer`). Averages are
/// still taken with the copies, so strong compression needs CHOCO-SGD instead.
///
/// Cost per node and swap: one message of the size of the parameters, or what
/// is left of it.
std::unique_ptr<protocol_recipe> dsgd();

} // namespace caps
