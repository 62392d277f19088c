#pragma once

#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/door.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace caps {

/// What a process of a run asks at a door. One that was started again has
/// another life each time.
nlohmann::json process_request(const std::string& run, uint32_t process,
                               uint32_t life);

/// Lets the processes of a run in, each once in each of its lives, and only
/// from the host that it was placed on. Any thread may call.
class process_gate {
public:
  struct settings {
    std::string run;
    /// Of each process by number; empty for those that never come here.
    std::vector<std::string> hosts;
    /// Those that come at the start.
    std::set<size_t> awaited;
    /// Of the process that the gate belongs to.
    uint32_t life = 0;
  };

  explicit process_gate(settings all);

  /// The answer to who asks with a `process_request`.
  door_answer decide(const door_visitor& x);

  /// The stream to a process that has come, once; null if it has not.
  std::unique_ptr<byte_stream> take(size_t process);

  /// Those that are awaited and have not come yet.
  std::vector<size_t> missing();

  /// Waits until somebody comes, or for `patience`.
  void wait(std::chrono::milliseconds patience);

  /// This process has reached another one itself, in that life; returns the
  /// stream to use: `stream`, or the one of those that have come, if both have
  /// called each other at a time.
  std::unique_ptr<byte_stream> reached(size_t process, uint32_t life,
                                       size_t own,
                                       std::unique_ptr<byte_stream> stream);

  /// From here on `f` gets the streams of those that come, and of those that
  /// were not taken.
  void
  pass_on(std::function<void(size_t process, std::unique_ptr<byte_stream>)> f);

private:
  struct visitor {
    std::optional<uint32_t> life;
    bool came = false;
    std::unique_ptr<byte_stream> stream;
  };

  void put(size_t process, std::unique_ptr<byte_stream> stream);

  settings settings_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<visitor> visitors_;
  std::function<void(size_t, std::unique_ptr<byte_stream>)> pass_on_;
};

} // namespace caps
