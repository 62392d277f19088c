#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace caps {

/// Threads that compute gradients and evaluations. Jobs start in the order
/// they are submitted. Each thread computes with one math thread.
class compute_pool {
public:
  class job;
  using ticket = std::shared_ptr<job>;

  /// Starts `threads` threads; 0 is allowed if somebody calls `wait`.
  explicit compute_pool(size_t threads);

  /// Finishes the jobs that run, drops the others and joins the threads.
  ~compute_pool();

  compute_pool(const compute_pool&) = delete;
  compute_pool& operator=(const compute_pool&) = delete;

  /// What to do once a job has ended, whether by return or by exception;
  /// called by the thread that computed it.
  using callback = std::function<void(const ticket&)>;

  /// Queues `work`.
  ticket submit(std::function<void()> work, callback done = {});

  /// Returns once the job has ended, computing queued jobs meanwhile: a
  /// caller that waits is one more compute thread. Rethrows what the work
  /// threw.
  void wait(const ticket& x);

private:
  void run();
  void compute(const ticket& x, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable queued_;
  std::condition_variable ended_;
  std::deque<ticket> queue_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

/// A submitted piece of work. Its fields belong to the pool.
class compute_pool::job {
  friend compute_pool;

  std::function<void()> work;
  callback done;
  bool ended = false;
  std::exception_ptr failure;
};

} // namespace caps
