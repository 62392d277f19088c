#pragma once

#include "runtime/process/silence.hpp"

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

  /// Longest silence of a process that lives, if nothing else is said.
  static constexpr auto limit = std::chrono::seconds{10};

  /// Takes over `socket`, a stream socket.
  ///
  /// @param on_lost called once, by the thread, when the other end is lost
  /// @param allowed how long it may be silent. Only time during which this
  ///        process runs itself counts: who was stopped blames nobody.
  explicit heartbeat(int socket, std::function<void()> on_lost = {},
                     silence allowed = silence{limit});

  /// Stops and closes the socket.
  ~heartbeat();

  heartbeat(const heartbeat&) = delete;
  heartbeat& operator=(const heartbeat&) = delete;

  /// Whether the other end was silent for too long.
  bool lost() const noexcept { return lost_; }

  /// How long it was silent when it was lost.
  duration silent_for() const noexcept { return silent_for_; }

private:
  void work(const std::stop_token& stop);
  /// Sends a sign of life; returns whether one has come.
  bool beat() const;

  int socket_;
  std::function<void()> on_lost_;
  silence allowed_;
  std::atomic<duration> silent_for_{};
  std::atomic<bool> lost_{false};
  std::jthread thread_;
};

} // namespace caps
