#pragma once

#include "runtime/cluster/hosts_file.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace caps {

/// A command of this machine that runs beside a run; what it prints goes where
/// this program's own errors go. Ended when the object goes away.
class side_command {
public:
  /// Throws `error`.
  explicit side_command(const std::vector<std::string>& words);
  ~side_command();

  side_command(side_command&& other) noexcept;
  side_command& operator=(side_command&&) = delete;

  /// Whether it has ended.
  bool ended();

  /// Waits for its end for so long.
  void wait(std::chrono::milliseconds patience);

private:
  pid_t pid_ = -1;
};

/// What starts `join` on a host over ssh: the words of a command. `token` takes
/// the host into the cluster if it is new there.
std::vector<std::string> ssh_command(const hosts_file& hosts,
                                     const host_entry& host,
                                     const std::string& token);

} // namespace caps
