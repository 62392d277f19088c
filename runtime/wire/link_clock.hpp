#pragma once

#include <cstdint>
#include <optional>

namespace caps {

/// How the clock of the other end of a link differs from this one's, from
/// questions and answers with the time: the one that took the shortest says
/// most (as NTP does it, RFC 5905). It is off by half of that time at most.
class link_clock {
public:
  /// An answer has come. All in nanoseconds.
  ///
  /// @param asked when the question was sent, by this clock
  /// @param answered when it was answered, by the other's
  /// @param now by this clock
  void take(int64_t asked, int64_t answered, int64_t now) noexcept {
    auto took = now - asked;
    // Clocks drift: what is old is less and less worth.
    if (offset_)
      shortest_ += shortest_ / 16;
    if (offset_ && took > shortest_)
      return;
    shortest_ = took;
    offset_ = answered - asked - took / 2;
  }

  /// What the other's clock shows more than this one; none before the first
  /// answer.
  std::optional<int64_t> offset() const noexcept { return offset_; }

private:
  std::optional<int64_t> offset_;
  int64_t shortest_ = 0;
};

} // namespace caps
