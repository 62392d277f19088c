#pragma once

#include <cstdint>
#include <string_view>

namespace caps {

/// How much a recording keeps; each level keeps all of those before it.
enum class recording_level : uint8_t {
  off,
  /// Metrics and notes.
  metrics,
  /// Every event, with digests, and snapshots.
  events,
  /// The messages themselves.
  payloads,
};

/// The level of that name; throws `input_error` for another one.
recording_level parse_recording_level(std::string_view name);
std::string_view to_text(recording_level level);

} // namespace caps
