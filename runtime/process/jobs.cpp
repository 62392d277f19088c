#include "runtime/process/jobs.hpp"

#include "models/threads.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace caps {

void run_jobs(size_t count, size_t at_a_time,
              const std::atomic<bool>* interrupted,
              const std::function<void(size_t)>& job) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  auto work = [&] {
    pin_math_to_one_thread();
    while (interrupted == nullptr || !*interrupted) {
      auto i = next++;
      if (i >= count)
        return;
      try {
        job(i);
      } catch (...) {
        std::lock_guard lock{mutex};
        if (!failure)
          failure = std::current_exception();
        next = count;
      }
    }
  };
  std::vector<std::thread> threads;
  for (size_t i = 0; i < std::min(at_a_time, count); ++i)
    threads.emplace_back(work);
  for (auto& x : threads)
    x.join();
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace caps
