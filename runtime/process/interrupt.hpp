#pragma once

#include <atomic>

namespace caps {

/// Makes Ctrl-C, a polite kill and the end of the terminal (SIGINT, SIGTERM,
/// SIGHUP) set a flag instead of ending the program; the second one ends it at
/// once. Returns the flag. If `tell`, the first one says so on standard error,
/// if that is a terminal: the end may take as long as one more evaluation.
const std::atomic<bool>& watch_interrupts(bool tell = true);

} // namespace caps
