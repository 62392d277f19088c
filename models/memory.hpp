#pragma once

#include <cstdint>

namespace caps {

/// Has the C library keep memory that is freed instead of giving it back to the
/// system at once: every gradient takes and frees the same megabytes, and new
/// pages were measured to cost a twelfth of a run of ring3. Call it first in
/// `main`. Does nothing where the C library is not glibc.
void keep_freed_memory();

/// Memory that this process can have at most, in bytes: what the machine has,
/// or less where a limit says so.
uint64_t memory_limit_bytes();

} // namespace caps
