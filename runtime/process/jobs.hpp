#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

namespace caps {

/// Calls `job` with 0 to count - 1, in threads of which each computes with one
/// thread, `at_a_time` together. Begins no other one once `interrupted` (null:
/// never) is true or one has thrown; throws what was thrown first when all
/// that had begun have ended.
void run_jobs(size_t count, size_t at_a_time,
              const std::atomic<bool>* interrupted,
              const std::function<void(size_t)>& job);

} // namespace caps
