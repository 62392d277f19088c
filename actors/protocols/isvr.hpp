#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// PDMM-ISVR (Niwa et al., ICML 2021): implicit stochastic variance reduction
/// through the dual variables of the edges, in rounds of K local steps.
///
/// Cost per node and swap: one message of the size of the parameters.
std::unique_ptr<protocol_recipe> pdmm_isvr();

/// ADMM-ISVR: the same with the running mean of the duals. (The published
/// program averages only at piw = 2; this one always does.)
std::unique_ptr<protocol_recipe> admm_isvr();

} // namespace caps
