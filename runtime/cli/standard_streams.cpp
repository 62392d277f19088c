#include "runtime/cli/standard_streams.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace caps {

void fill_standard_streams() {
  // A new file gets the lowest number that is free.
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  ::close(descriptor);
}

void outlive_readers() {
  std::signal(SIGPIPE, SIG_IGN);
}

void flush_standard_output() {
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw error(fmt::format("cannot write to standard output: {}",
                            std::strerror(errno != 0 ? errno : EIO)));
}

} // namespace caps
