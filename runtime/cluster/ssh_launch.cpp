#include "runtime/cluster/ssh_launch.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include <spawn.h>
#include <sys/wait.h>

extern char** environ;

namespace caps {

namespace {

using namespace std::chrono_literals;

/// As one word of a shell.
std::string quoted(const std::string& x) {
  std::string result = "'";
  for (auto c : x)
    result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result + "'";
}

} // namespace

side_command::side_command(const std::vector<std::string>& words) {
  std::vector<char*> raw;
  for (const auto& x : words)
    raw.push_back(const_cast<char*>(x.c_str()));
  raw.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", 0, 0);
  posix_spawn_file_actions_adddup2(&files, 2, 1);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  // The terminal's Ctrl-C is for this program, which ends the others in order.
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
  auto problem
    = posix_spawnp(&pid_, raw[0], &files, &how, raw.data(), environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (problem != 0)
    throw error(fmt::format("cannot start {}: {}", words[0],
                            std::strerror(problem)));
}

side_command::~side_command() {
  if (pid_ < 0 || ended())
    return;
  kill(-pid_, SIGTERM);
  wait(2s);
  if (ended())
    return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

side_command::side_command(side_command&& other) noexcept
  : pid_(std::exchange(other.pid_, -1)) {
}

bool side_command::ended() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_)
    pid_ = -1;
  return pid_ < 0;
}

void side_command::wait(std::chrono::milliseconds patience) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (!ended() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(20ms);
}

std::vector<std::string> ssh_command(const hosts_file& hosts,
                                     const host_entry& host,
                                     const std::string& token) {
  auto result = hosts.ssh;
  result.push_back(host.address.empty() ? host.name : host.address);
  auto there = fmt::format("{} join {} --once --token {}",
                           quoted(hosts.program), quoted(hosts.listen.text()),
                           token);
  if (host.threads > 0)
    there += fmt::format(" --threads {}", host.threads);
  if (!hosts.remote_identity.empty())
    there += " --identity " + quoted(hosts.remote_identity);
  result.push_back(there);
  return result;
}

} // namespace caps
