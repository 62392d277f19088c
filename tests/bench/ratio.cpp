#include "tests/bench/ratio.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>

namespace caps::bench {

namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr int turns = 15;
constexpr auto turn_length = seconds{0.03};

double time_of(const std::function<void()>& work, int repetitions) {
  auto start = clock::now();
  for (int i = 0; i < repetitions; ++i)
    work();
  return seconds{clock::now() - start}.count() / repetitions;
}

/// Repetitions that fill a turn; also warms up.
int repetitions_for(const std::function<void()>& work) {
  time_of(work, 2);
  auto once = time_of(work, 2);
  return std::max(1, static_cast<int>(turn_length.count() / once));
}

double median(std::vector<double> xs) {
  auto middle = xs.begin() + static_cast<std::ptrdiff_t>(xs.size() / 2);
  std::nth_element(xs.begin(), middle, xs.end());
  return *middle;
}

struct timing {
  double subject;
  double yardstick;
};

timing run(const contest& x) {
  auto subject_repetitions = repetitions_for(x.subject);
  auto yardstick_repetitions = repetitions_for(x.yardstick);
  std::vector<double> subject, yardstick;
  for (int turn = 0; turn < turns; ++turn) {
    subject.push_back(time_of(x.subject, subject_repetitions));
    yardstick.push_back(time_of(x.yardstick, yardstick_repetitions));
  }
  return {median(std::move(subject)), median(std::move(yardstick))};
}

std::string human_time(double time) {
  return time < 0.1 ? fmt::format("{:.1f} us", time * 1e6)
                    : fmt::format("{:.1f} ms", time * 1e3);
}

std::string speed(double bytes, double time) {
  return bytes == 0 ? "" : fmt::format("{:.1f} GB/s", bytes / time * 1e-9);
}

} // namespace

bool print_ratios(const std::vector<ratio>& ratios) {
  auto all_met = true;
  fmt::print("\n{:<38} {:>10} {:>11}   {:<18} {:>10} {:>11} {:>7}  {}\n",
             "subject", "time", "", "yardstick", "time", "", "ratio", "goal");
  for (const auto& x : ratios) {
    auto [subject, yardstick] = run(x.prepare());
    auto value
      = x.how == reading::times_faster ? yardstick / subject
        : x.how == reading::times_the_cost
          ? subject / yardstick
          : (x.subject_bytes / subject) / (x.yardstick_bytes / yardstick);
    std::string verdict;
    if (x.goal > 0) {
      auto at_least = x.how != reading::times_the_cost;
      auto met = at_least ? value >= x.goal : value <= x.goal;
      all_met = all_met && met;
      verdict = fmt::format("{} {} {}", at_least ? ">=" : "<=", x.goal,
                            met ? "met" : "MISSED");
    }
    fmt::print("{:<38} {:>10} {:>11}   {:<18} {:>10} {:>11} {:>7.2f}  {}\n",
               x.name, human_time(subject), speed(x.subject_bytes, subject),
               x.yardstick, human_time(yardstick),
               speed(x.yardstick_bytes, yardstick), value, verdict);
    std::fflush(stdout);
  }
  return all_met;
}

} // namespace caps::bench
