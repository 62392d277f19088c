#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// D^2 (Tang et al. 2018): like D-SGD, but with a memory of the last step that
/// takes out the difference between the nodes' data. Needs symmetric weights
/// without eigenvalues at or below -1/3 (topology.lazy gives them) and every
/// edge in every step.
///
/// Cost per node and step: one message of the size of the parameters per
/// neighbour.
std::unique_ptr<protocol_recipe> d_squared();

} // namespace caps
