#pragma once

#include <atomic>

namespace caps {

/// Makes Ctrl-C and a polite kill (SIGINT, SIGTERM) set a flag instead of
/// ending the program; the second one ends it at once. Returns the flag.
const std::atomic<bool>& watch_interrupts();

} // namespace caps
