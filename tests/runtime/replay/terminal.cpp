#include "tests/runtime/replay/terminal.hpp"

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace caps::test {

namespace {

constexpr auto patience = std::chrono::seconds{10};

/// Between two strokes of a key.
constexpr auto key_pause = std::chrono::milliseconds{300};

} // namespace

terminal::terminal(const std::function<int()>& program) {
  process_ = ::forkpty(&screen_descriptor_, nullptr, nullptr, nullptr);
  if (process_ < 0)
    throw std::runtime_error("cannot make a terminal");
  if (process_ == 0) {
    ::setenv("TERM", "vt100", 1);
    ::_exit(program());
  }
}

terminal::~terminal() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(screen_descriptor_);
}

void terminal::type(std::string_view keys) {
  if (::write(screen_descriptor_, keys.data(), keys.size())
      != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error("cannot type");
}

bool terminal::read_some() {
  pollfd waiting{screen_descriptor_, POLLIN, 0};
  if (::poll(&waiting, 1, 100) <= 0)
    return true;
  char bytes[4096];
  auto n = ::read(screen_descriptor_, bytes, sizeof bytes);
  if (n <= 0)
    return false; // the process is gone
  screen_.append(bytes, static_cast<size_t>(n));
  return true;
}

bool terminal::shows(std::string_view text) {
  auto end = std::chrono::steady_clock::now() + patience;
  do {
    if (auto at = screen_.find(text, looked_at_); at != std::string::npos) {
      looked_at_ = at + text.size();
      return true;
    }
  } while (std::chrono::steady_clock::now() < end && read_some());
  return screen_.find(text, looked_at_) != std::string::npos;
}

int terminal::leave(std::string_view key) {
  using clock = std::chrono::steady_clock;
  auto end = clock::now() + patience;
  for (auto next = clock::now(); clock::now() < end;) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_) {
      process_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    if (clock::now() >= next) {
      // After the end, nobody reads any more.
      static_cast<void>(!::write(screen_descriptor_, key.data(), key.size()));
      next = clock::now() + key_pause;
    }
    if (!read_some())
      ::poll(nullptr, 0, 10);
  }
  return -1;
}

} // namespace caps::test
