#include "runtime/recording/recording_level.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace caps {

namespace {

constexpr std::array<std::string_view, 4> level_names{"off", "metrics",
                                                      "events", "payloads"};

} // namespace

recording_level parse_recording_level(std::string_view name) {
  auto i = std::ranges::find(level_names, name);
  if (i == level_names.end())
    throw input_error(fmt::format("there is no recording level '{}'; known: {}",
                                  name, fmt::join(level_names, ", ")));
  return static_cast<recording_level>(i - level_names.begin());
}

std::string_view to_text(recording_level level) {
  return level_names[static_cast<size_t>(level)];
}

} // namespace caps
