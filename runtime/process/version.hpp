#pragma once

#include <string>

namespace caps {

/// Versions of this program and of the libraries it runs with.
std::string version_text();

/// The same, and what else decides what a run computes: the compiler, and the
/// kernels that LibTorch and OpenBLAS chose for this processor.
std::string long_version_text();

} // namespace caps
