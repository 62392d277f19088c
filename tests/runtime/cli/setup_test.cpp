// Interrupts before a run begins. The program itself is run, with a scenario
// that never comes: a pipe into which nobody writes.

#include "tests/support/catch.hpp"

#include "tests/runtime/support/program.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using caps::test::process;
using caps::test::wait_until;
using caps::test::workshop;

namespace {

using namespace std::chrono_literals;

/// The end of a pipe that a program reads its scenario from.
class silent_pipe {
public:
  explicit silent_pipe(const std::filesystem::path& path) : path_(path) {
    REQUIRE(mkfifo(path_.c_str(), 0600) == 0);
  }

  ~silent_pipe() { close(end_); }

  silent_pipe(const silent_pipe&) = delete;
  silent_pipe& operator=(const silent_pipe&) = delete;

  /// Waits for the program to read.
  void wait_for_reader() {
    REQUIRE(wait_until([this] {
      end_ = open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      return end_ >= 0;
    }));
  }

private:
  std::filesystem::path path_;
  int end_ = -1;
};

} // namespace

TEST_CASE("an interrupt ends a set-up that would take for ever", "[setup]") {
  auto signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
  auto arguments = GENERATE(
    std::vector<std::string>{"--scenario", "scenario.toml", "--out", "out"},
    std::vector<std::string>{"--scenario", "scenario.toml", "--processes", "2"},
    std::vector<std::string>{"compare", "scenario.toml", "scenario.toml"});
  workshop shop{"include = \"pipe\"\n"};
  silent_pipe pipe{shop / "pipe"};
  arguments.insert(arguments.begin(), caps::test::program_path());
  caps::test::process_options options;
  options.folder = shop.path();
  process program{arguments, options};
  pipe.wait_for_reader();
  // A thread sanitizer holds a signal back that comes just before a read.
  std::this_thread::sleep_for(100ms);
  program.send_signal(signal);
  auto got = program.wait();
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 130);
  CHECK(got.out == "");
  CHECK(got.err == "error: interrupted\n");
  CHECK_FALSE(std::filesystem::exists(shop / "out"));
}

TEST_CASE("a scenario that has no end is refused", "[setup]") {
  workshop shop{"include = \"/dev/zero\"\n"};
  auto got = shop.train();
  CHECK_FALSE(got.timed_out);
  CHECK(got.code == 2);
  CHECK(got.err
        == "error: scenario.toml:1:11: include: /dev/zero: is longer than 64 "
           "MiB, expected a scenario file (TOML)\n");
}
