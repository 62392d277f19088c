#pragma once

#include <cstddef>
#include <vector>

namespace caps {

/// A pair of connected sockets for every two of the processes that are to be
/// started. They have no name and no port, so nobody else can join or listen.
class socket_mesh {
public:
  /// Throws `error`.
  explicit socket_mesh(size_t processes);
  ~socket_mesh();

  socket_mesh(const socket_mesh&) = delete;
  socket_mesh& operator=(const socket_mesh&) = delete;

  /// The ends of a process: to each other one by its number, -1 for itself.
  const std::vector<int>& of(size_t process) const {
    return ends_.at(process);
  }

  /// The end of a process to another one; the caller's from now on.
  int take(size_t process, size_t other);

  /// Closes the ends of a process that has them by now.
  void close(size_t process);

  /// Open files of so many processes.
  static size_t files(size_t processes) { return processes * (processes - 1); }

private:
  std::vector<std::vector<int>> ends_;
};

} // namespace caps
