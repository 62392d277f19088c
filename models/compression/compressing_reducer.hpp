#pragma once

#include "models/compression/compressor.hpp"
#include "models/compression/reducer.hpp"

namespace caps {

/// Sends what a compressor leaves of each vector, and with `residual` later
/// what it left out: of gradients by error feedback, of parameters by
/// compressing the difference to the receiver's copy (as CHOCO-SGD does:
/// Koloskova et al. 2019). Without, a difference counts as sent whole, and what
/// compression lost is lost. Options: those of the compressor, residual.
std::unique_ptr<reducer_recipe>
compressing(std::shared_ptr<compressor_recipe> inner);

} // namespace caps
