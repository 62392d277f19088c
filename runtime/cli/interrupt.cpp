#include "runtime/cli/interrupt.hpp"

#include "models/errors.hpp"

#include <csignal>
#include <unistd.h>

namespace caps {

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "a signal handler may touch it");

extern "C" void on_interrupt(int) {
  if (interrupted.exchange(true))
    _exit(static_cast<int>(exit_code::interrupted));
}

} // namespace

const std::atomic<bool>& watch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  return interrupted;
}

} // namespace caps
