#include "models/consensus/skip_threshold.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

void check(const skip_threshold_options& options) {
  auto require_percent = [](const char* name, double x) {
    if (!(x >= 0 && x <= 100))
      throw input_error(
        fmt::format("caps: {} is {}, but must be from 0 to 100", name, x));
  };
  require_percent("unchange_rate", options.unchange_rate);
  require_percent("adjust_rate", options.adjust_rate);
  require_percent("lower_bound", options.lower_bound);
  require_percent("max_bound", options.max_bound);
  if (options.lower_bound > options.max_bound)
    throw input_error(fmt::format("caps: lower_bound {} is above max_bound {}",
                                  options.lower_bound, options.max_bound));
  auto require_count = [](const char* name, int64_t x) {
    if (x < 1)
      throw input_error(
        fmt::format("caps: {} is {}, but must be 1 or more", name, x));
  };
  require_count("scheduling_freq", options.scheduling_freq);
  require_count("history_length", options.history_length);
}

bool adjusts_at(const skip_threshold_options& options, int64_t step) {
  return step > 0 && step % options.scheduling_freq == 0;
}

double next_threshold(const skip_threshold_options& options, double threshold,
                      std::span<const double> metrics) {
  auto length = static_cast<size_t>(options.history_length);
  if (metrics.size() > length)
    metrics = metrics.last(length);
  auto rises = [](double x, double y) { return !(x >= y); };
  auto never_rose = std::adjacent_find(metrics.begin(), metrics.end(), rises)
                    == metrics.end();
  return never_rose
           ? std::max(threshold - options.adjust_rate, options.lower_bound)
           : std::min(threshold + options.adjust_rate, options.max_bound);
}

} // namespace caps
