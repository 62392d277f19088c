// A process that is done but whose threads are not.

#include "tests/support/catch.hpp"

#include "runtime/process/exit_deadline.hpp"

#include "actors/observation/run_observer.hpp"

#include <csignal>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

using caps::exit_code;
using caps::exit_deadline;
using caps::run_end;

namespace {

using namespace std::chrono_literals;

/// Runs `f` in a process of its own and returns its exit code; -1 if a signal
/// ended it.
int code_of_process(const std::function<int()>& f) {
  auto child = fork();
  if (child == 0)
    _exit(f());
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

[[noreturn]] void wait_for_ever() {
  for (;;)
    pause();
}

} // namespace

TEST_CASE("a process leaves with its code when its end takes too long",
          "[exit_deadline]") {
  CHECK(code_of_process([]() -> int {
          exit_deadline leaving{20ms};
          leaving.bound([] { return run_end{exit_code::lost, "a text"}; });
          wait_for_ever();
        })
        == 5);
  CHECK(code_of_process([]() -> int {
          exit_deadline leaving{20ms};
          try {
            leaving.bound([]() -> run_end {
              throw caps::data_error("damaged");
            });
          } catch (const caps::error&) {
          }
          wait_for_ever();
        })
        == 3);
}

TEST_CASE("a process that ends in time is left alone", "[exit_deadline]") {
  CHECK(code_of_process([] {
          {
            exit_deadline leaving{1h};
            auto end = leaving.bound(
              [] { return run_end{exit_code::lost, "a text"}; });
            CHECK(end.text == "a text");
          }
          return 7;
        })
        == 7);
}
