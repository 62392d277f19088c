#pragma once

#include "runtime/wire/internet.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace caps {

/// How a host takes part in the runs of a head.
struct host_service_settings {
  endpoint head;
  std::filesystem::path identity;
  /// Takes the host in first, where it has no identity yet; may be empty.
  std::string token;
  /// Where the other hosts reach its processes; port 0 for any.
  endpoint listen{"::", 0};
  /// Compute threads of a run.
  size_t threads = 1;
  /// Ends after the first run.
  bool once = false;
  /// How long there may be no head at first; 0 for ever.
  std::chrono::nanoseconds patience{0};
  const std::atomic<bool>* interrupted = nullptr;
};

/// Waits for runs of a head, takes part in each, and waits for the next one,
/// until it is interrupted. Tells of all that on standard error. Throws `error`
/// if it cannot begin.
void serve_runs(const host_service_settings& settings);

} // namespace caps
