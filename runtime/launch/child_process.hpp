#pragma once

#include "runtime/process/heartbeat.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace caps {

/// A program this process has started; its standard input is the other end of
/// a heartbeat. Killed when the object goes away, and by the kernel when this
/// process dies.
class child_process {
public:
  /// Starts this very program with other arguments; throws `error`.
  ///
  /// @param files open files that it has as well, under the same numbers
  explicit child_process(const std::vector<std::string>& arguments,
                         const std::vector<int>& files = {});

  ~child_process();

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// How the program ended ("ended with code 3", "was killed by signal 9"),
  /// or nothing while it runs.
  std::optional<std::string> ended();

  /// Whether the program has not ended but gives no sign of life any more.
  bool silent() const noexcept { return pulse_->lost(); }

  /// Waits for the program to end; kills it when it does not in time.
  void finish(std::chrono::milliseconds grace);

private:
  pid_t pid_ = -1;
  std::unique_ptr<heartbeat> pulse_;
  std::optional<std::string> ended_;
};

} // namespace caps
