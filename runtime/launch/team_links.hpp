#pragma once

#include "runtime/launch/join_order.hpp"
#include "runtime/wire/byte_stream.hpp"
#include "runtime/wire/door.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace caps {

/// What a process of a run asks at a door.
nlohmann::json process_request(const std::string& run, uint32_t process);

/// Lets the processes of a run in, each once, and only from the host that it
/// was placed on.
class process_gate {
public:
  /// @param expected the hosts of those that may come, by number; empty names
  ///        for those that may not
  process_gate(std::string run, std::vector<std::string> expected);

  /// The answer to who asks with a `process_request`; any thread may call.
  door_answer decide(const door_visitor& x);

  /// The stream to a process that has come, once; null if it has not.
  std::unique_ptr<byte_stream> take(size_t process);

  /// Those that have not come yet.
  std::vector<size_t> missing();

  /// Waits until somebody comes, or for `patience`.
  void wait(std::chrono::milliseconds patience);

private:
  void put(size_t process, std::unique_ptr<byte_stream> stream);

  std::string run_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> expected_;
  std::vector<bool> decided_;
  std::vector<std::unique_ptr<byte_stream>> streams_;
};

/// Connects a process to all others of its run, by number: those of this host
/// over the sockets that it inherited, the others over the network, where those
/// with the higher numbers connect to those with the lower ones, and all to the
/// head. Throws `error` if one cannot be reached within a minute.
std::vector<std::unique_ptr<byte_stream>>
connect_to_team(const join_order& order);

} // namespace caps
