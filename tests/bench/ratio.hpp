#pragma once

#include <functional>
#include <string>
#include <vector>

namespace caps::bench {

/// Two pieces of work to be timed against each other. They share whatever
/// they hold on to; both run one unit of work a call.
struct contest {
  std::function<void()> subject;
  std::function<void()> yardstick;
};

/// How a ratio is read and what is good enough.
enum class reading {
  /// Time of the yardstick over time of the subject; at least the goal.
  times_faster,
  /// Time of the subject over time of the yardstick; at most the goal.
  times_the_cost,
  /// Bytes per second of the subject over those of the yardstick, a copy of
  /// memory. Of interest as it is.
  share_of_memcpy,
};

/// A line of the table.
struct ratio {
  std::string name;
  std::string yardstick;
  reading how;
  /// 0 for none.
  double goal = 0;
  /// Memory the subject and the yardstick read and write in one call; 0 where
  /// that is not the point.
  double subject_bytes = 0;
  double yardstick_bytes = 0;
  /// Allocates what the contest works on; called right before it.
  std::function<contest()> prepare;
};

/// Times every contest, subject and yardstick taking turns so that both see
/// the same machine, and prints one line each: medians, ratio, goal. Returns
/// whether all goals were met.
bool print_ratios(const std::vector<ratio>& ratios);

} // namespace caps::bench
