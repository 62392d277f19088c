#include "runtime/launch/child_process.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caps {

namespace {

constexpr auto self_path = "/proc/self/exe";
constexpr auto exit_poll_interval = std::chrono::milliseconds{20};

/// What the new process does between fork and exec: nothing that allocates.
[[noreturn]] void become_program(char* const* arguments, pid_t parent,
                                 int input, const std::vector<int>& files) {
  // The terminal's Ctrl-C is for the launcher; it tells its children itself.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) // it died before prctl
    _exit(static_cast<int>(exit_code::lost));
  dup2(input, STDIN_FILENO);
  for (auto file : files)
    fcntl(file, F_SETFD, 0);
  execv(self_path, arguments);
  _exit(static_cast<int>(exit_code::failure));
}

[[noreturn]] void fail_to_start() {
  throw error(fmt::format("cannot start a process: {}", std::strerror(errno)));
}

} // namespace

child_process::child_process(const std::vector<std::string>& arguments,
                             const std::vector<int>& files, silence allowed) {
  std::vector<char*> raw;
  for (const auto& x : arguments)
    raw.push_back(const_cast<char*>(x.c_str()));
  raw.push_back(nullptr);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    fail_to_start();
  auto parent = getpid();
  pid_ = fork();
  if (pid_ == 0)
    become_program(raw.data(), parent, ends[1], files);
  auto problem = errno;
  close(ends[1]);
  if (pid_ < 0) {
    close(ends[0]);
    errno = problem;
    fail_to_start();
  }
  pulse_ = std::make_unique<heartbeat>(ends[0], std::function<void()>{},
                                       std::move(allowed));
}

child_process::~child_process() {
  if (pid_ > 0)
    finish(std::chrono::milliseconds{0});
}

child_process::child_process(child_process&& other) noexcept
  : pid_(std::exchange(other.pid_, -1)), pulse_(std::move(other.pulse_)),
    ended_(std::move(other.ended_)) {
}

std::optional<std::string> child_process::ended() {
  if (ended_)
    return ended_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_)
    return std::nullopt;
  if (WIFSIGNALED(status))
    ended_ = fmt::format("was killed by signal {}", WTERMSIG(status));
  else
    ended_ = fmt::format("ended with code {}", WEXITSTATUS(status));
  return ended_;
}

std::optional<std::string> child_process::loss() {
  if (auto how = ended())
    return how;
  if (!pulse_->lost())
    return std::nullopt;
  // It may wake up again, but not in this run.
  finish(std::chrono::milliseconds{0});
  return fmt::format(
    "has given no sign of life for {:.2g} s",
    std::chrono::duration<double>{pulse_->silent_for()}.count());
}

void child_process::finish(std::chrono::milliseconds grace) {
  auto deadline = std::chrono::steady_clock::now() + grace;
  while (!ended() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(exit_poll_interval);
  if (ended())
    return;
  kill(pid_, SIGKILL);
  int status = 0;
  waitpid(pid_, &status, 0);
  ended_ = "was killed";
}

child_process start_joining(const std::filesystem::path& scenario_file,
                            size_t threads, const join_order& order,
                            silence allowed) {
  auto file = write_order(order);
  auto files = order.sockets;
  files.push_back(order.streams);
  if (order.network)
    files.push_back(order.network->listener);
  std::erase(files, -1);
  files.push_back(file);
  try {
    child_process result{
      {"caps_runtime", "--scenario", scenario_file.string(), "--processes",
       std::to_string(order.where.processes()), "--threads",
       std::to_string(threads), "--join", std::to_string(file)},
      files,
      std::move(allowed)};
    ::close(file);
    return result;
  } catch (...) {
    ::close(file);
    throw;
  }
}

} // namespace caps
