#include "runtime/process/heartbeat.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

namespace {

using namespace std::chrono_literals;

constexpr heartbeat::duration beat_interval = 100ms;

/// A longer pause between two beats says that this process, or the machine, was
/// stopped.
constexpr heartbeat::duration awake_max = 1s;

} // namespace

heartbeat::heartbeat(int socket, std::function<void()> on_lost, silence allowed)
  : socket_(socket), on_lost_(std::move(on_lost)), allowed_(std::move(allowed)),
    thread_([this](const std::stop_token& stop) { work(stop); }) {}

heartbeat::~heartbeat() {
  thread_.request_stop();
  thread_.join();
  ::close(socket_);
}

bool heartbeat::beat() const {
  constexpr char sign = 0;
  // What does not fit any more, nobody reads.
  static_cast<void>(::send(socket_, &sign, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
  char signs[256];
  bool heard = false;
  while (::recv(socket_, signs, sizeof signs, MSG_DONTWAIT) > 0)
    heard = true;
  return heard;
}

void heartbeat::work(const std::stop_token& stop) {
  using clock = std::chrono::steady_clock;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  duration silent{0};
  auto last = clock::now();
  while (silent < allowed_.limit()) {
    if (wake.wait_for(lock, stop, beat_interval, [] { return false; })
        || stop.stop_requested())
      return;
    auto now = clock::now();
    silent += std::min(now - last, awake_max);
    last = now;
    if (beat())
      allowed_.hear(std::exchange(silent, duration{0}));
  }
  silent_for_ = silent;
  lost_ = true;
  if (on_lost_)
    on_lost_();
}

} // namespace caps
