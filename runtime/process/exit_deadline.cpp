#include "runtime/process/exit_deadline.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

namespace caps {

exit_deadline::exit_deadline(std::chrono::milliseconds limit)
  : limit_(limit), thread_([this] { watch(); }) {}

exit_deadline::~exit_deadline() {
  {
    std::lock_guard lock{mutex_};
    gone_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void exit_deadline::arm(exit_code code, const std::string& text) {
  {
    std::lock_guard lock{mutex_};
    departure_ = {code, text};
  }
  changed_.notify_all();
}

void exit_deadline::watch() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return gone_ || departure_.has_value(); });
  if (changed_.wait_for(lock, limit_, [this] { return gone_; }))
    return;
  auto text = fmt::format("the run is over, but its actors did not end within "
                          "{} s: this process leaves\n",
                          std::chrono::duration<double>{limit_}.count());
  if (!departure_->text.empty())
    text = fmt::format("error: {}\n{}", departure_->text, text);
  std::fputs(text.c_str(), stderr);
  std::fflush(stdout);
  ::_exit(static_cast<int>(departure_->code));
}

} // namespace caps
