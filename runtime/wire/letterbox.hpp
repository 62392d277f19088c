#pragma once

#include "runtime/wire/byte_stream.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace caps {

/// JSON over a stream, an object at a time: what hosts say to each other before
/// and beside a run. For one thread.
class letterbox {
public:
  using clock = std::chrono::steady_clock;

  /// @param bytes_max of a letter that is accepted
  letterbox(std::unique_ptr<byte_stream> stream, size_t bytes_max);

  int handle() const noexcept { return stream_->handle(); }

  /// Sends a letter, now or with the next call of anything.
  void post(const nlohmann::json& letter);

  /// The next letter, if one has come. Throws `error` if the other end is gone,
  /// or if what has come is no letter.
  std::optional<nlohmann::json> take();

  /// The same, waiting for it.
  std::optional<nlohmann::json> wait(clock::time_point deadline);

  /// Whether all that was posted has gone. Throws `error` if the other end is
  /// gone.
  bool flush();

  /// The stream, for other use; @pre all has gone and nothing else has come.
  std::unique_ptr<byte_stream> release() { return std::move(stream_); }

private:
  std::unique_ptr<byte_stream> stream_;
  size_t bytes_max_;
  std::string out_;
  std::string in_;
};

} // namespace caps
