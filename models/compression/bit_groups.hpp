#pragma once

#include <cstdint>
#include <optional>

namespace caps {

// Numbers as groups of seven bits, one a byte, the lowest first: a set eighth
// bit says that more follow (LEB128).

inline constexpr int bits_of_group = 7;
inline constexpr uint64_t more_follow = 1U << bits_of_group;

/// Calls `put(byte)` for every group of `x`.
template <class F>
void write_groups(uint64_t x, F put) {
  for (; x >= more_follow; x >>= bits_of_group)
    put(static_cast<uint8_t>(x | more_follow));
  put(static_cast<uint8_t>(x));
}

/// Reads a number and moves `byte` behind it. Nothing for one that is not over
/// before `end`, or after `groups_max` groups, which hold less than 64 bits.
inline std::optional<uint64_t> read_groups(const uint8_t*& byte,
                                           const uint8_t* end, int groups_max) {
  uint64_t result = 0;
  for (int group = 0;; ++group) {
    if (byte == end || group == groups_max)
      return std::nullopt;
    result |= (*byte & (more_follow - 1)) << (group * bits_of_group);
    if ((*byte++ & more_follow) == 0)
      return result;
  }
}

} // namespace caps
