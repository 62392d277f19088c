#include "runtime/launch/socket_mesh.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

namespace caps {

socket_mesh::socket_mesh(size_t processes)
  : ends_(processes, std::vector<int>(processes, -1)) {
  for (size_t i = 0; i < processes; ++i)
    for (size_t j = 0; j < i; ++j) {
      int ends[2];
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        auto why = std::strerror(errno);
        for (size_t k = 0; k < processes; ++k)
          close(k);
        throw error(fmt::format("cannot connect processes: {}", why));
      }
      ends_[i][j] = ends[0];
      ends_[j][i] = ends[1];
    }
}

socket_mesh::~socket_mesh() {
  for (size_t i = 0; i < ends_.size(); ++i)
    close(i);
}

int socket_mesh::take(size_t process, size_t other) {
  return std::exchange(ends_.at(process).at(other), -1);
}

void socket_mesh::close(size_t process) {
  for (auto& x : ends_[process])
    if (auto end = std::exchange(x, -1); end >= 0)
      ::close(end);
}

} // namespace caps
