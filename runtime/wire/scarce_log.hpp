#pragma once

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace caps {

/// A log that strangers can make write, but not more than a line a second; says
/// how many it has left out. For one thread.
class scarce_log {
public:
  explicit scarce_log(std::function<void(const std::string&)> next)
    : next_(std::move(next)) {}

  void write(const std::string& line) {
    auto now = std::chrono::steady_clock::now();
    if (now < again_) {
      ++left_out_;
      return;
    }
    again_ = now + std::chrono::seconds{1};
    auto more = std::exchange(left_out_, 0);
    next_(more == 0 ? line
                    : fmt::format("{} (and {} more like it before)", line,
                                  more));
  }

private:
  std::function<void(const std::string&)> next_;
  std::chrono::steady_clock::time_point again_{};
  size_t left_out_ = 0;
};

} // namespace caps
