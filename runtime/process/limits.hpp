#pragma once

#include <cstddef>

namespace caps {

/// Throws `error` unless this process can have more threads at once: so many
/// that compute, the one that calls included, and so many others. Libraries
/// abort, or wait for ever, when they cannot have what they need.
void ensure_threads(size_t computing, size_t others = 0);

/// Throws `error` unless this process can have `count` more files and
/// connections open at once. Raises the limit as far as it may.
void ensure_files(size_t count);

/// Makes the end of the program by an exception that nobody catches, in
/// whichever thread, one line and exit code 1.
void explain_termination();

} // namespace caps
