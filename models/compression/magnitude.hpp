#pragma once

#include <bit>
#include <cstdint>

namespace caps {

/// The magnitude of a number as an integer: the same order, NaN above
/// infinity. Comparing integers vectorizes where comparing floating-point
/// numbers that may be NaN does not.
inline uint32_t magnitude_key(float x) {
  return std::bit_cast<uint32_t>(x) & 0x7fff'ffffU;
}
inline uint64_t magnitude_key(double x) {
  return std::bit_cast<uint64_t>(x) & 0x7fff'ffff'ffff'ffffULL;
}

/// The magnitude itself.
inline float magnitude_of(uint32_t key) {
  return std::bit_cast<float>(key);
}
inline double magnitude_of(uint64_t key) {
  return std::bit_cast<double>(key);
}

template <class T>
using magnitude_key_of = decltype(magnitude_key(T{}));

} // namespace caps
