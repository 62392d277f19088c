#pragma once

#include "models/compression/compressor.hpp"

namespace caps {

/// Sends every element as one of 255 levels, evenly spaced between minus and
/// plus the largest magnitude of its block, which is sent along (as QSGD:
/// Alistarh et al., NeurIPS 2017, with the maximum for the norm):
///
///     level = 128 + round(127 x/scale),  x' = (level - 128) scale/127
///
/// Rounding to the nearest level leaves an error of at most scale/254 an
/// element; stochastic rounding goes up or down at random, so that x' is right
/// on average, at an error below scale/127. Bytes per element: 1, and a scale
/// per block. NaN and infinity throw `diverged_error`. Options: block,
/// rounding.
std::unique_ptr<compressor_recipe> quantize8();

} // namespace caps
