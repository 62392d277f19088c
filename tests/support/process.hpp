#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace caps::test {

/// How a program ended and what it printed.
struct process_result {
  /// The exit code, or 128 + the signal that killed it.
  int code = -1;
  /// The test killed it because it did not end in time.
  bool timed_out = false;
  std::string out;
  std::string err;
};

struct process_options {
  /// Folder to run in; the test's own if empty.
  std::filesystem::path folder;
  /// "NAME=value", on top of the test's own environment.
  std::vector<std::string> environment;
  /// Where standard output goes; collected if empty.
  std::filesystem::path output;
  /// Where standard error goes; collected if empty.
  std::filesystem::path errors;
};

/// A program under test. It leads a process group of its own, which is killed
/// when the object goes away: nothing it started outlives the test, except by
/// leaving the group.
class process {
public:
  using duration = std::chrono::milliseconds;

  /// Starts `arguments[0]` (a path) with the other arguments.
  explicit process(const std::vector<std::string>& arguments,
                   const process_options& options = {});

  ~process();

  process(const process&) = delete;
  process& operator=(const process&) = delete;

  pid_t pid() const noexcept { return pid_; }

  void send_signal(int signal) const;

  /// Whether the program has not ended yet.
  bool running();

  /// Waits for the end, at most for `limit`, then kills the program.
  process_result wait(duration limit = std::chrono::seconds{60});

private:
  bool reap(bool block);
  std::string output_text(int file) const;

  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  int out_ = -1;
  int err_ = -1;
};

/// Runs a program to its end.
process_result run(const std::vector<std::string>& arguments,
                   const process_options& options = {});

/// The processes whose parent is `pid`, by ascending pid.
std::vector<pid_t> children_of(pid_t pid);

/// Whether a process exists and is more than a zombie.
bool is_alive(pid_t pid);

/// Waits until `condition()` holds; returns whether it did before `limit`.
template <class Condition>
bool wait_until(Condition condition,
                process::duration limit = std::chrono::seconds{60});

} // namespace caps::test

#include <thread>

template <class Condition>
bool caps::test::wait_until(Condition condition, process::duration limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline)
      return false;
    std::this_thread::sleep_for(process::duration{5});
  }
  return true;
}
