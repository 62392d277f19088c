#pragma once

#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <filesystem>

namespace caps {

/// Writes the run as a trace for Perfetto (ui.perfetto.dev) and Chrome
/// (chrome://tracing), in the Trace Event Format: a node is a process, its
/// actor and its computation are threads, a message is an arrow, a metric a
/// counter. Times are those of the run's clock. Returns the number of events.
int64_t export_trace(recording_file& recording,
                     const std::filesystem::path& file);

} // namespace caps
