#pragma once

#include "runtime/launch/join_order.hpp"
#include "runtime/process/heartbeat.hpp"

#include <chrono>
#include <filesystem>
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
  /// @param allowed how long it may give no sign of life
  explicit child_process(const std::vector<std::string>& arguments,
                         const std::vector<int>& files = {},
                         silence allowed = silence{heartbeat::limit});

  ~child_process();

  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// How the program ended ("ended with code 3", "was killed by signal 9"),
  /// or nothing while it runs.
  std::optional<std::string> ended();

  /// How the program ended, or that it gives no sign of life any more; then it
  /// is killed.
  std::optional<std::string> loss();

  /// Waits for the program to end; kills it when it does not in time.
  void finish(std::chrono::milliseconds grace);

private:
  pid_t pid_ = -1;
  std::unique_ptr<heartbeat> pulse_;
  std::optional<std::string> ended_;
};

/// Starts a process of a run: with its order, and with the sockets in it.
///
/// @param scenario_file what it reads
/// @param allowed how long it may give no sign of life
child_process start_joining(const std::filesystem::path& scenario_file,
                            size_t threads, const join_order& order,
                            silence allowed = silence{heartbeat::limit});

} // namespace caps
