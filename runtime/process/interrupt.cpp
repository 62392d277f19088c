#include "runtime/process/interrupt.hpp"

#include "models/errors.hpp"

#include <cerrno>
#include <csignal>
#include <unistd.h>

namespace caps {

namespace {

std::atomic<bool> interrupted{false};
std::atomic<bool> tells{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "a signal handler may touch it");

extern "C" void on_interrupt(int) {
  if (interrupted.exchange(true))
    _exit(static_cast<int>(exit_code::interrupted));
  // Takes the place of the bar.
  constexpr char text[] = "\r\x1b[Kinterrupted: ends with what it has; Ctrl-C "
                          "again ends it at once\n";
  auto error = errno; // of whoever is interrupted
  if (tells && write(STDERR_FILENO, text, sizeof text - 1) < 0)
    errno = error;
}

} // namespace

const std::atomic<bool>& watch_interrupts(bool tell) {
  tells = tell && isatty(STDERR_FILENO) != 0;
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  // Whoever runs this with nohup wants it to outlive the terminal.
  if (std::signal(SIGHUP, on_interrupt) == SIG_IGN)
    std::signal(SIGHUP, SIG_IGN);
  return interrupted;
}

} // namespace caps
