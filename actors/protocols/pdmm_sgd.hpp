#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// PDMM-SGD (Niwa et al., KDD 2020): edge-consensus learning. Every step is a
/// primal-dual step; neighbours swap the dual variables of their edge, and
/// with rho > 0 their parameters too.
///
/// Cost per node and swap: one message of one (rho = 0) or two parameter
/// vectors.
std::unique_ptr<protocol_recipe> pdmm_sgd();

/// ADMM-SGD: the same with the running mean of the duals.
std::unique_ptr<protocol_recipe> admm_sgd();

} // namespace caps
