#include "runtime/wire/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace caps {

void latency_histogram::add(int64_t nanoseconds) noexcept {
  auto time = nanoseconds > 0 ? static_cast<uint64_t>(nanoseconds) : 0;
  ++counts_[std::min(place_of(time), counts_.size() - 1)];
  ++total_;
}

std::optional<double> latency_histogram::quantile(double share) const {
  if (total_ == 0)
    return std::nullopt;
  auto rank = static_cast<uint64_t>(std::ceil(share * double(total_)));
  size_t i = 0;
  for (uint64_t seen = counts_[0]; seen < rank && i + 1 < counts_.size();)
    seen += counts_[++i];
  if (i < steps_per_octave)
    return double(i) * 1e-9;
  // The middle of the step.
  auto octave = static_cast<int>(i) / steps_per_octave - 1;
  auto step = static_cast<double>(i % steps_per_octave) + 0.5;
  return std::ldexp(steps_per_octave + step, octave) * 1e-9;
}

size_t latency_histogram::place_of(uint64_t nanoseconds) noexcept {
  constexpr int first_bits = std::bit_width(unsigned{steps_per_octave}) - 1;
  if (nanoseconds < steps_per_octave)
    return nanoseconds;
  // The highest bits of a number that has `first_bits + 1 + octave` of them.
  auto octave = std::bit_width(nanoseconds) - 1 - first_bits;
  auto step = (nanoseconds >> octave) % steps_per_octave;
  return static_cast<size_t>(octave + 1) * steps_per_octave + step;
}

} // namespace caps
