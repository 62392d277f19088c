#include "models/norms.hpp"

#include <ATen/ops/linalg_vector_norm.h>

#include <cstring>

namespace caps {

namespace {

/// Sums added up side by side: as wide as the widest vector register, and
/// lowered to narrower ones without changing the order of any of them.
template <class T>
struct side_by_side {
  using type [[gnu::vector_size(64)]] = T;
  static constexpr int64_t width = 64 / sizeof(T);
};

template <class T>
double sum_of_squares(const T* x, int64_t n) {
  using vector = typename side_by_side<T>::type;
  constexpr auto width = side_by_side<T>::width;
  return fused::with_best_instructions([=] {
    double total = 0;
    for (int64_t first = 0; first < n; first += fused_block_numel) {
      auto last = std::min(n, first + fused_block_numel);
      vector even{};
      vector odd{};
      auto i = first;
      for (; i + 2 * width <= last; i += 2 * width) {
        vector a, b;
        std::memcpy(&a, x + i, sizeof a);
        std::memcpy(&b, x + i + width, sizeof b);
        even += a * a;
        odd += b * b;
      }
      even += odd;
      for (int64_t k = 0; k < width; ++k)
        total += static_cast<double>(even[k]);
      for (; i < last; ++i)
        total += static_cast<double>(x[i] * x[i]);
    }
    return total;
  });
}

} // namespace

double norm(const flat_view& x, element_range range) {
  fused::check(range, x, nullptr, nullptr);
  if (auto p = x.elements<float>())
    return std::sqrt(sum_of_squares(p + range.offset, range.numel));
  if (auto p = x.elements<double>())
    return std::sqrt(sum_of_squares(p + range.offset, range.numel));
  return at::linalg_vector_norm(fused::part_of(x, range)).item<double>();
}

} // namespace caps
