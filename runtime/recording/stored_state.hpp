#pragma once

#include "actors/observation/run_state.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <optional>
#include <string_view>

namespace caps {

/// Kinds of the rows of the table `snapshot` that make up a `run_state`, and
/// their encoding.
namespace run_state_kind {

inline constexpr const char* run = "run";
inline constexpr const char* observed = "observed";
inline constexpr const char* node = "node";

} // namespace run_state_kind

inline constexpr std::string_view run_state_encoding = "safetensors";

/// The last state of the recorded run before an event; nothing if there is
/// none, or none after event `after`.
std::optional<run_state> state_before(recording_file& file, int64_t event,
                                      int64_t after = 0);

} // namespace caps
