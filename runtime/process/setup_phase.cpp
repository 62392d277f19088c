#include "runtime/process/setup_phase.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cstdio>

#include <unistd.h>

namespace caps {

namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 50ms;

/// What is over by then may end in order: a run that has nothing yet.
constexpr auto leave_after = 300ms;

/// When something is shown for the first time.
constexpr std::chrono::steady_clock::duration first_on_terminal = 1s;
constexpr std::chrono::steady_clock::duration first_elsewhere = 10s;

/// Runs of this process whose set-up is over.
std::atomic<int> runs_under_way{0};

} // namespace

setup_phase::setup_phase(const options& how)
  : how_(how), terminal_(isatty(STDERR_FILENO) != 0),
    thread_([this] { watch(); }) {}

setup_phase::~setup_phase() {
  end();
  if (handed_over_)
    --runs_under_way;
}

void setup_phase::begin(std::string_view what) {
  std::lock_guard lock{mutex_};
  clear_line();
  what_ = what;
  begun_ = clock::now();
  due_ = terminal_ ? first_on_terminal : first_elsewhere;
}

void setup_phase::hand_over() {
  std::lock_guard lock{mutex_};
  if (!handed_over_)
    ++runs_under_way;
  handed_over_ = true;
}

void setup_phase::end() {
  if (!thread_.joinable())
    return;
  hand_over();
  {
    std::lock_guard lock{mutex_};
    over_ = true;
    clear_line();
  }
  changed_.notify_all();
  thread_.join();
}

void setup_phase::watch() {
  std::unique_lock lock{mutex_};
  while (!changed_.wait_for(lock, look_interval, [this] { return over_; })) {
    auto now = clock::now();
    leave_if_asked(now);
    show(now);
  }
}

void setup_phase::leave_if_asked(clock::time_point now) {
  if (handed_over_ || how_.interrupted == nullptr || !*how_.interrupted)
    return;
  if (!asked_)
    asked_ = now;
  if (now - *asked_ < leave_after || runs_under_way > 0)
    return;
  clear_line();
  std::fputs("error: interrupted\n", stderr);
  ::_exit(static_cast<int>(exit_code::interrupted));
}

void setup_phase::show(clock::time_point now) {
  auto spent = now - begun_;
  if (!how_.shown || what_.empty() || spent < due_)
    return;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(spent);
  auto text = fmt::format("{}: {} s", what_, seconds.count());
  if (terminal_) {
    text = "\r\x1b[K" + text;
    due_ = seconds + 1s;
    line_shown_ = true;
  } else {
    text += "\n";
    due_ *= 2;
  }
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

void setup_phase::clear_line() {
  if (line_shown_)
    std::fputs("\r\x1b[K", stderr);
  line_shown_ = false;
}

} // namespace caps
