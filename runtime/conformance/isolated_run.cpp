#include "runtime/conformance/isolated_run.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caps {

namespace {

constexpr auto poll_interval = std::chrono::milliseconds{5};

void redirect(const std::filesystem::path& file, int to) {
  auto opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (opened < 0)
    return;
  dup2(opened, to);
  close(opened);
}

[[noreturn]] void be_child(const std::function<exit_code()>& f,
                           const std::filesystem::path& messages) {
  // A group of its own: what it starts ends with it.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  redirect("/dev/null", STDOUT_FILENO);
  redirect(messages, STDERR_FILENO);
  auto code = exit_code::failure;
  try {
    code = f();
  } catch (const std::exception& e) {
    std::fputs(fmt::format("error: {}\n", e.what()).c_str(), stderr);
    if (auto own = dynamic_cast<const error*>(&e))
      code = own->code();
  }
  std::fflush(nullptr);
  _exit(static_cast<int>(code)); // the parent's globals are not ours to end
}

std::string last_line(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string result, line;
  while (std::getline(in, line))
    if (!line.empty())
      result = line;
  constexpr std::string_view prefix = "error: ";
  return result.starts_with(prefix) ? result.substr(prefix.size()) : result;
}

} // namespace

isolated_end run_isolated(const std::function<exit_code()>& f,
                          const std::filesystem::path& messages,
                          std::chrono::milliseconds limit) {
  std::fflush(nullptr);
  auto child = fork();
  if (child < 0)
    throw error(
      fmt::format("cannot start a process: {}", std::strerror(errno)));
  if (child == 0)
    be_child(f, messages);
  setpgid(child, child); // whoever comes first
  auto deadline = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) != child) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return {false, exit_code::failure,
              fmt::format("did not end within {:.0f} s",
                          std::chrono::duration<double>(limit).count())};
    }
    std::this_thread::sleep_for(poll_interval);
  }
  if (WIFSIGNALED(status))
    return {false, exit_code::failure,
            fmt::format("was ended by signal {} ({})", WTERMSIG(status),
                        strsignal(WTERMSIG(status)))};
  return {true, static_cast<exit_code>(WEXITSTATUS(status)),
          last_line(messages)};
}

} // namespace caps
