#include "runtime/process/silence.hpp"

#include <algorithm>
#include <vector>

namespace caps {

namespace {

silence::duration median(std::vector<silence::duration> x) {
  auto middle = x.begin() + static_cast<ptrdiff_t>(x.size() / 2);
  std::ranges::nth_element(x, middle);
  return *middle;
}

} // namespace

void silence::hear(duration gap) {
  // The first ones tell of a process that starts.
  constexpr size_t enough = 8;
  if (fixed_) {
    limit_ = *fixed_;
    return;
  }
  gaps_.push_back(gap);
  if (gaps_.size() > remembered)
    gaps_.pop_front();
  if (gaps_.size() < enough)
    return;
  auto usual = median({gaps_.begin(), gaps_.end()});
  std::vector<duration> apart;
  apart.reserve(gaps_.size());
  for (auto x : gaps_)
    apart.push_back(std::chrono::abs(x - usual));
  limit_ = std::clamp(usual + deviations * median(std::move(apart)),
                      adaptive_min, adaptive_max);
}

} // namespace caps
