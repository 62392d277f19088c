#pragma once

#include "models/rule_values.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

namespace caps {

/// The number of half precision (IEEE 754, 16 bits) that is nearest to x, of
/// two the even one: what is left of x once it has travelled as such. For
/// magnitudes below 65520; larger ones come out as some number from there up.
///
/// x plus a power of two beside which floats are as far apart as those numbers
/// are beside x (2^-24 at least), minus that power. In loops LibTorch's
/// conversion there and back takes three times as long.
inline float nearest_half(float x) {
  constexpr uint32_t sign_bit = 0x8000'0000;
  constexpr uint32_t exponent_bits = 0x7f80'0000;
  auto bits = std::bit_cast<uint32_t>(x);
  auto power = std::bit_cast<float>(std::clamp(
    (bits & exponent_bits) + (13U << 23), std::bit_cast<uint32_t>(0.5F),
    std::bit_cast<uint32_t>(0x1p127F)));
  auto magnitude = (std::bit_cast<float>(bits & ~sign_bit) + power) - power;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude)
                              | (bits & sign_bit));
}
inline double nearest_half(double x) {
  return nearest_half(static_cast<float>(x));
}
inline whole_tensor nearest_half(const whole_tensor& x) {
  return {x.value.to(at::kHalf).to(x.value.scalar_type())};
}

} // namespace caps
