#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace caps {

/// How often which time was seen. Times up to an hour are told apart to 9 %,
/// in a kilobyte, however many there are.
class latency_histogram {
public:
  /// @param nanoseconds below 0 counts as 0
  void add(int64_t nanoseconds) noexcept;

  /// The time, in seconds, that this share of those seen does not exceed; none
  /// if there are none.
  std::optional<double> quantile(double share) const;

private:
  static constexpr int steps_per_octave = 8;
  static constexpr int octaves = 42;

  static size_t place_of(uint64_t nanoseconds) noexcept;

  std::array<uint32_t, steps_per_octave * octaves> counts_{};
  uint64_t total_ = 0;
};

} // namespace caps
