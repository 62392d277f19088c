#include "runtime/cluster/host_talk.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

using namespace std::chrono_literals;

constexpr auto beat_interval = 250ms;

/// A longer time between two visits says that this process was stopped.
constexpr std::chrono::steady_clock::duration awake_max = 1s;

/// A scenario with all its edges goes as one letter.
constexpr size_t letter_bytes_max = size_t{64} << 20;

} // namespace

host_talk::host_talk(std::unique_ptr<byte_stream> stream)
  : box_(std::move(stream), letter_bytes_max) {
}

std::optional<nlohmann::json> host_talk::take() {
  auto now = clock::now();
  silent_ += std::min(now - last_visit_, awake_max);
  last_visit_ = now;
  if (now - last_beat_ >= beat_interval) {
    last_beat_ = now;
    box_.post({{"beat", true}});
  }
  while (auto letter = box_.take()) {
    allowed_.hear(std::exchange(silent_, clock::duration{0}));
    if (!letter->contains("beat"))
      return letter;
  }
  if (silent_ >= allowed_.limit())
    throw error(fmt::format("has given no sign of life for {:.2g} s",
                            std::chrono::duration<double>{silent_}.count()));
  return std::nullopt;
}

} // namespace caps
