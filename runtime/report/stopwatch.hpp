#pragma once

#include <chrono>

namespace caps {

/// Seconds of the machine since it was made. For reports only: nothing that
/// happens in a run depends on it.
class stopwatch {
public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now()
                                         - begin_)
      .count();
  }

private:
  std::chrono::steady_clock::time_point begin_
    = std::chrono::steady_clock::now();
};

} // namespace caps
