#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// C-ADMM: linearized decentralized consensus ADMM (Ling et al. 2015), in
/// which every node keeps one multiplier and sends its parameters. Needs the
/// neighbours' parameters of the same step, hence every edge in every step.
///
/// Cost per node and step: one message of the size of the parameters per
/// neighbour.
std::unique_ptr<protocol_recipe> c_admm();

} // namespace caps
