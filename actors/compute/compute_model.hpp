#pragma once

#include "models/options.hpp"
#include "models/random_stream.hpp"

#include <chrono>

namespace caps {

/// How long a node takes for one gradient.
struct compute_model {
  using duration = std::chrono::nanoseconds;

  /// Mean time of one gradient on the virtual clock. The real clock takes the
  /// time the machine needs instead.
  duration step_time = std::chrono::milliseconds{10};
  /// Standard deviation of the step time (normal, cut off at 0).
  duration step_time_std{0};
  /// The node is slower by this factor, on both clocks.
  double factor = 1;
  /// Mean of an additional delay per gradient, on both clocks.
  duration delay{0};
  /// Standard deviation of the delay (normal, cut off at 0).
  duration delay_std{0};

  void describe(option_visitor& visitor);

  /// Draws the time of one gradient on the virtual clock.
  duration draw_step_time(random_stream& stream) const;

  /// Draws the additional delay of one gradient.
  duration draw_delay(random_stream& stream) const;
};

} // namespace caps
