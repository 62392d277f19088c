#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// CHOCO-SGD (Koloskova et al. 2019): neighbours hold a public copy of each
/// other's parameters and send only a compressed difference to it; what
/// compression leaves out is sent later.
///
/// Cost per node and swap: one message of a compressed parameter vector.
std::unique_ptr<protocol_recipe> choco_sgd();

} // namespace caps
