#pragma once

namespace caps {

/// Makes LibTorch and OpenBLAS compute with one thread in the calling thread
/// and all that follow: parallelism comes from computing for several nodes at
/// once, and nested threads were measured to cost a factor of ten.
///
/// Call it first in `main` and in every compute thread (OpenMP keeps its
/// thread count per thread).
void pin_math_to_one_thread();

} // namespace caps
