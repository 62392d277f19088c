#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace caps {

/// How long one who lives may say nothing, once it has said something: either
/// so long, or as long as what was heard so far suggests: the median time
/// between two signs of life, and a multiple of the median deviation from it,
/// within bounds. (An accrual detector without the assumption of a
/// distribution; see Hayashibara et al., "The phi accrual failure detector",
/// 2004.)
class silence {
public:
  using duration = std::chrono::nanoseconds;

  static constexpr duration adaptive_min = std::chrono::milliseconds{1500};
  static constexpr duration adaptive_max = std::chrono::seconds{10};

  /// Adapts.
  silence() = default;

  /// Stays as it is.
  explicit silence(duration limit) : fixed_(limit) {}

  /// A sign of life came, so long after the last one.
  void hear(duration gap);

  /// Absent if it adapts.
  const std::optional<duration>& fixed() const noexcept { return fixed_; }

  duration limit() const noexcept { return limit_; }

private:
  static constexpr size_t remembered = 64;
  /// So many deviations more than usual say that nobody is there.
  static constexpr int deviations = 20;

  std::optional<duration> fixed_;
  /// Whoever starts has time to.
  duration limit_ = adaptive_max;
  std::deque<duration> gaps_;
};

} // namespace caps
