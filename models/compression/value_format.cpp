#include "models/compression/value_format.hpp"

#include "models/errors.hpp"
#include "models/fused_pass.hpp"

#include <algorithm>
#include <bit>

namespace caps {

namespace {

bool any_infinite(const at::Tensor& half) {
  constexpr uint16_t infinity = 0x7c00;
  auto bits = reinterpret_cast<const uint16_t*>(half.data_ptr<at::Half>());
  return fused::with_best_instructions([bits, n = half.numel()] {
    int32_t found = 0;
    for (int64_t i = 0; i < n; ++i)
      found |= (bits[i] & 0x7fff) == infinity;
    return found;
  });
}

/// The number of half precision nearest to x, of two the even one: x plus a
/// power of two beside which floats are as far apart as those numbers are
/// beside x (2^-24 at least), minus that power. LibTorch's conversion there and
/// back takes four times as long.
float nearest_half(float x) {
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

} // namespace

at::Tensor to_half(const at::Tensor& x) {
  auto result = x.to(at::kHalf);
  return any_infinite(result) ? x : result;
}

void round_to_half(const at::Tensor& x, const at::Tensor& target) {
  flat_view in{x};
  flat_view out{target};
  if (!in.alike(out))
    throw error("vectors to be rounded that are not alike");
  auto round = [n = in.numel()]<class T>(const T* from, T* to) {
    fused::loop(n, [=](int64_t i) {
      to[i] = static_cast<T>(nearest_half(static_cast<float>(from[i])));
    });
  };
  if (auto p = in.elements<float>())
    round(p, out.elements<float>());
  else if (auto q = in.elements<double>())
    round(q, out.elements<double>());
  else
    target.copy_(x.to(at::kHalf));
  fused::mark_written(out);
}

void value_format::describe(option_visitor& visitor) {
  visitor.choice("values", name_, {"full", "half"},
                 "numbers as they are, or rounded to 16 bits");
}

at::Tensor value_format::encode(const at::Tensor& x) const {
  return rounds() ? to_half(x) : x;
}

} // namespace caps
