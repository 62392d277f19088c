#pragma once

#include "actors/node/protocol.hpp"

namespace caps {

/// Synchronous SGD with parameter servers: all workers compute a gradient on
/// the same version of the parameters, and one update takes their average,
/// summed up in the order of the workers' ids. With `backup_workers` = b of n
/// workers the first n - b gradients make the update (Chen et al., "Revisiting
/// distributed synchronous SGD", 2016); later ones are of an older version
/// then, and dropped.
///
/// Cost of a step: each worker sends one gradient and receives the parameters.
std::unique_ptr<protocol_recipe> sync_sgd();

} // namespace caps
