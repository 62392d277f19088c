#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace caps {

/// Tells the process at the other end of a socket that this one lives, and
/// listens whether that one does. Beats in a thread of its own, so that neither
/// long computations nor slow disks make a process look dead.
class heartbeat {
public:
  using duration = std::chrono::steady_clock::duration;

  /// Longest silence of a process that lives. Only time during which this
  /// process runs itself counts: who was stopped blames nobody.
  static constexpr auto limit = std::chrono::seconds{10};

  /// Takes over `socket`, a stream socket.
  ///
  /// @param on_lost called once, by the thread, when the other end is lost
  explicit heartbeat(int socket, std::function<void()> on_lost = {});

  /// Stops and closes the socket.
  ~heartbeat();

  heartbeat(const heartbeat&) = delete;
  heartbeat& operator=(const heartbeat&) = delete;

  /// Whether the other end was silent for too long.
  bool lost() const noexcept { return lost_; }

private:
  void work(const std::stop_token& stop);
  /// Sends a sign of life; returns whether one has come.
  bool beat() const;

  int socket_;
  std::function<void()> on_lost_;
  std::atomic<bool> lost_{false};
  std::jthread thread_;
};

} // namespace caps
