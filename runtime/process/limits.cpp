#include "runtime/process/limits.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <future>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace caps {

namespace {

[[noreturn]] void say_why_and_leave() {
  std::string why = "this program cannot go on";
  try {
    if (auto e = std::current_exception())
      std::rethrow_exception(e);
  } catch (const std::bad_alloc&) {
    why = "out of memory";
  } catch (const std::exception& e) {
    why = e.what();
  } catch (...) {
  }
  std::fputs(("error: " + why + "\n").c_str(), stderr);
  ::_exit(static_cast<int>(exit_code::failure));
}

/// What each thread that allocates reserves of the addresses, its stack aside.
constexpr size_t heap_space = size_t{64} << 20;

/// What OpenBLAS takes for each thread that computes at a time. It tries for
/// ever if there is none.
constexpr size_t work_space = size_t{128} << 20;

/// A part of the addresses; it takes no memory.
class reservation {
public:
  explicit reservation(size_t bytes)
    : bytes_(bytes),
      begin_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}

  ~reservation() {
    if (there())
      munmap(begin_, bytes_);
  }

  reservation(const reservation&) = delete;
  reservation& operator=(const reservation&) = delete;

  bool there() const noexcept { return begin_ != MAP_FAILED; }

private:
  size_t bytes_;
  void* begin_;
};

/// Where nobody can tell, the standard streams.
size_t open_files() {
  std::error_code problem;
  std::filesystem::directory_iterator all{"/proc/self/fd", problem};
  auto found = std::distance(begin(all), end(all));
  return problem ? 3 : static_cast<size_t>(found);
}

} // namespace

void ensure_threads(size_t computing, size_t others) {
  auto count = computing + others;
  auto bytes = count * heap_space + computing * work_space;
  if (count == 0)
    return;
  std::promise<void> all_there;
  auto done = all_there.get_future().share();
  std::vector<std::thread> threads;
  reservation space{bytes};
  auto enough = space.there();
  try {
    threads.reserve(count);
    while (enough && threads.size() < count)
      threads.emplace_back([done] { done.wait(); });
  } catch (const std::exception&) {
    enough = false;
  }
  all_there.set_value();
  for (auto& x : threads)
    x.join();
  if (!enough)
    throw error(fmt::format("needs {} threads and {} MiB of addresses for "
                            "them, but cannot have them (ulimit -v, ulimit -u)",
                            count, bytes >> 20));
}

void ensure_files(size_t count) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  auto needed = open_files() + count;
  if (limit.rlim_cur < needed && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < needed)
    throw error(fmt::format("needs {} files and connections at once, but may "
                            "have {} (ulimit -n)",
                            needed, limit.rlim_cur));
}

void explain_termination() {
  std::set_terminate(say_why_and_leave);
}

} // namespace caps
