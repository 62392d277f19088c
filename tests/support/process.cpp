#include "tests/support/process.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caps::test {

namespace {

/// A file without a name: programs may print as much as they like without
/// anybody reading along.
int nameless_file() {
  auto result = memfd_create("caps_test_output", MFD_CLOEXEC);
  if (result < 0)
    throw std::runtime_error("cannot collect the output of a program");
  return result;
}

std::vector<char*> pointers(const std::vector<std::string>& xs) {
  std::vector<char*> result;
  for (const auto& x : xs)
    result.push_back(const_cast<char*>(x.c_str()));
  result.push_back(nullptr);
  return result;
}

/// State ('R', 'Z', ...) and parent of a process; 0 when there is none.
std::pair<char, pid_t> state_of(pid_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto after_name = text.rfind(')');
  if (after_name == std::string::npos)
    return {0, 0};
  std::istringstream fields{text.substr(after_name + 1)};
  char state = 0;
  pid_t parent = 0;
  fields >> state >> parent;
  return {state, parent};
}

/// What a program writes to: `path`, or a file of no name.
int file_for(const std::filesystem::path& path) {
  return path.empty() ? nameless_file()
                      : open(path.c_str(), O_WRONLY | O_CLOEXEC);
}

} // namespace

process::process(const std::vector<std::string>& arguments,
                 const process_options& options)
  : out_(file_for(options.output)), err_(file_for(options.errors)) {
  auto raw_arguments = pointers(arguments);
  auto raw_environment = pointers(options.environment);
  pid_ = ::fork();
  if (pid_ < 0)
    throw std::runtime_error("cannot start " + arguments[0]);
  if (pid_ > 0) {
    setpgid(pid_, pid_);
    return;
  }
  setpgid(0, 0);
  dup2(out_, STDOUT_FILENO);
  dup2(err_, STDERR_FILENO);
  for (auto x : raw_environment)
    if (x != nullptr)
      putenv(x);
  if (!options.folder.empty() && chdir(options.folder.c_str()) != 0)
    _exit(127);
  execv(raw_arguments[0], raw_arguments.data());
  _exit(127);
}

process::~process() {
  kill(-pid_, SIGKILL);
  reap(true);
  close(out_);
  close(err_);
}

void process::send_signal(int signal) const {
  kill(pid_, signal);
}

bool process::running() {
  return !reap(false);
}

process_result process::wait(duration limit) {
  process_result result;
  result.timed_out = !wait_until([this] { return reap(false); }, limit);
  if (result.timed_out)
    kill(-pid_, SIGKILL);
  reap(true);
  result.code = WIFEXITED(status_) ? WEXITSTATUS(status_)
                                   : 128 + WTERMSIG(status_);
  result.out = output_text(out_);
  result.err = output_text(err_);
  return result;
}

bool process::reap(bool block) {
  if (!ended_)
    ended_ = waitpid(pid_, &status_, block ? 0 : WNOHANG) == pid_;
  return ended_;
}

std::string process::output_text(int file) const {
  std::string result;
  char buffer[4096];
  ssize_t count = 0;
  while ((count = pread(file, buffer, sizeof buffer,
                        static_cast<off_t>(result.size())))
         > 0)
    result.append(buffer, static_cast<size_t>(count));
  return result;
}

process_result run(const std::vector<std::string>& arguments,
                   const process_options& options) {
  process program{arguments, options};
  return program.wait();
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    auto candidate = static_cast<pid_t>(std::stol(name));
    if (auto [state, parent] = state_of(candidate);
        parent == pid && state != 'Z')
      result.push_back(candidate);
  }
  std::ranges::sort(result);
  return result;
}

bool is_alive(pid_t pid) {
  auto [state, parent] = state_of(pid);
  return state != 0 && state != 'Z';
}

} // namespace caps::test
