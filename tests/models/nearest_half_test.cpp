#include "tests/support/catch.hpp"

#include "models/fused_pass.hpp"
#include "models/nearest_half.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

at::Tensor rounded(const at::Tensor& x) {
  auto result = x.clone();
  caps::fused_pass(caps::into(result), caps::from(x),
                   [](auto y) { return caps::nearest_half(y); });
  return result;
}

} // namespace

TEST_CASE("rounding leaves what LibTorch's half precision leaves",
          "[nearest_half]") {
  // All finite numbers of half precision, those in the middle between two of
  // them, and the numbers beside these.
  std::vector<double> numbers;
  auto half = [](int bits) {
    return static_cast<float>(
      at::Half{static_cast<uint16_t>(bits), at::Half::from_bits()});
  };
  for (int bits = 0; bits < 0x7bff; ++bits) {
    auto low = half(bits);
    auto high = half(bits + 1);
    auto middle = (low + high) / 2;
    for (auto y : {low, middle, std::nextafter(middle, low),
                   std::nextafter(middle, high)})
      numbers.insert(numbers.end(), {y, -y});
  }
  for (auto y : {65504.0, 65519.0, 1e-30, 1e-40})
    numbers.insert(numbers.end(), {y, -y});
  for (auto type : {at::kFloat, at::kDouble}) {
    auto x = at::tensor(numbers, at::kDouble).to(type);
    auto expected = x.to(at::kHalf).to(type);
    CHECK(at::equal(rounded(x), expected));
    CHECK(at::equal(caps::nearest_half(caps::whole_tensor{x}).value, expected));
  }
}

TEST_CASE("what is no number or out of range does not round to one within",
          "[nearest_half]") {
  constexpr auto infinity = std::numeric_limits<float>::infinity();
  CHECK(std::isnan(caps::nearest_half(NAN)));
  CHECK(caps::nearest_half(infinity) == infinity);
  CHECK(caps::nearest_half(-infinity) == -infinity);
  for (auto x : {65520.0F, 1e5F, 1e38F, std::numeric_limits<float>::max()}) {
    CHECK(caps::nearest_half(x) >= 65520);
    CHECK(caps::nearest_half(-x) == -caps::nearest_half(x));
  }
}
