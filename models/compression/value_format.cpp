#include "models/compression/value_format.hpp"

#include "models/vector_loop.hpp"

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

} // namespace

at::Tensor to_half(const at::Tensor& x) {
  auto result = x.to(at::kHalf);
  return any_infinite(result) ? x : result;
}

void value_format::describe(option_visitor& visitor) {
  visitor.choice("values", name_, {"full", "half"},
                 "numbers as they are, or rounded to 16 bits");
}

at::Tensor value_format::encode(const at::Tensor& x) const {
  return rounds() ? to_half(x) : x;
}

} // namespace caps
