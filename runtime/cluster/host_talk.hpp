#pragma once

#include "runtime/process/heartbeat.hpp"
#include "runtime/wire/letterbox.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace caps {

/// What a head and a host of its cluster say to each other beside a run, with a
/// sign of life now and then. For one thread, which comes by at least every
/// second.
class host_talk {
public:
  explicit host_talk(std::unique_ptr<byte_stream> stream);

  /// How long the other end may be silent from here on.
  void allow(silence limit) { allowed_ = std::move(limit); }

  int handle() const noexcept { return box_.handle(); }

  void post(const nlohmann::json& letter) { box_.post(letter); }

  /// The next letter that says something. Throws `error` once the other end
  /// has gone, or has been silent for too long.
  std::optional<nlohmann::json> take();

private:
  using clock = std::chrono::steady_clock;

  letterbox box_;
  clock::time_point last_visit_ = clock::now();
  clock::time_point last_beat_ = clock::now();
  silence allowed_{heartbeat::limit};
  /// How long nothing has been heard while this process ran.
  clock::duration silent_{0};
};

} // namespace caps
