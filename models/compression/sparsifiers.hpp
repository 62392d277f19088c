#pragma once

#include "models/compression/compressor.hpp"

namespace caps {

/// Sends the elements that are largest in magnitude (Aji and Heafield 2017),
/// exactly that many and the first among equals. Bytes per element sent: its
/// value and 1 to 2 for its index. Options: share; values.
std::unique_ptr<compressor_recipe> top_k();

/// Sends a random subset of the elements; a seed stands for their indices.
/// Options: share; values; unbiased, which multiplies what is sent by
/// numel/sent, so that the decompressed vector is right on average. That suits
/// averaging over many vectors; with error feedback or a public copy, which
/// send later what is missing, it makes errors grow.
std::unique_ptr<compressor_recipe> random_k();

} // namespace caps
