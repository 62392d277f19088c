#include "runtime/process/standard_streams.hpp"

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

namespace {

/// Why something that was printed did not get out; 0 if all did.
int print_problem = 0;

} // namespace

void print_text(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    print_problem = errno;
}

void flush_standard_output() {
  if (std::fflush(stdout) != 0)
    print_problem = errno;
  if (print_problem != 0)
    throw error(fmt::format("cannot write to standard output: {}",
                            std::strerror(print_problem)));
}

} // namespace caps
