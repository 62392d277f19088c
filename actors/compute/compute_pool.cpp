#include "actors/compute/compute_pool.hpp"

#include "models/threads.hpp"

namespace caps {

compute_pool::compute_pool(size_t threads) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { run(); });
}

compute_pool::~compute_pool() {
  {
    std::lock_guard lock{mutex_};
    closing_ = true;
    queue_.clear();
  }
  queued_.notify_all();
  for (auto& thread : threads_)
    thread.join();
}

compute_pool::ticket compute_pool::submit(std::function<void()> work,
                                          callback done) {
  auto result = std::make_shared<job>();
  result->work = std::move(work);
  result->done = std::move(done);
  {
    std::lock_guard lock{mutex_};
    queue_.push_back(result);
  }
  queued_.notify_one();
  return result;
}

void compute_pool::wait(const ticket& x) {
  std::unique_lock lock{mutex_};
  while (!x->ended) {
    if (queue_.empty()) {
      ended_.wait(lock);
      continue;
    }
    auto next = std::move(queue_.front());
    queue_.pop_front();
    compute(next, lock);
  }
  if (x->failure)
    std::rethrow_exception(x->failure);
}

void compute_pool::run() {
  pin_math_to_one_thread();
  std::unique_lock lock{mutex_};
  for (;;) {
    queued_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (closing_)
      return;
    auto next = std::move(queue_.front());
    queue_.pop_front();
    compute(next, lock);
  }
}

void compute_pool::compute(const ticket& x,
                           std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  std::exception_ptr failure;
  try {
    x->work();
  } catch (...) {
    failure = std::current_exception();
  }
  // What the work held (tensors above all) is given back before anybody
  // learns that it has ended.
  x->work = {};
  auto done = std::move(x->done);
  lock.lock();
  x->failure = failure;
  x->ended = true;
  ended_.notify_all();
  if (done) {
    lock.unlock();
    done(x);
    lock.lock();
  }
}

} // namespace caps
