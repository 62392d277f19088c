// A single sequential stream leaves most of a core's memory bandwidth unused
// (measured: 12 against 20 GB/s), so a range is cut into quarters whose blocks
// are read four at a time. The sum of each quarter is added up on its own.

#include "models/norms.hpp"

#include <ATen/ops/linalg_vector_norm.h>

namespace caps {

namespace {

using detail::block_squares;
using detail::lane_sums;

/// Elements of a quarter of the blocks after the head.
int64_t quarter_of(element_range range) {
  auto numel = range.numel - fused::head_of(range);
  auto blocks
    = std::max<int64_t>((numel + fused_block_numel - 1) / fused_block_numel, 1);
  return (blocks + 3) / 4 * fused_block_numel;
}

/// Adds the squares of `N` blocks of n elements each to their sums.
template <size_t N, class T>
void add_squares(const std::array<const T*, N>& blocks, int64_t n,
                 lane_sums* sums) {
  fused::with_best_instructions([=] {
    std::array<block_squares<T>, N> squares{};
    auto rest = n % block_squares<T>::stride;
    auto whole = n - rest;
    for (int64_t i = 0; i < whole; i += block_squares<T>::stride)
      for (size_t k = 0; k < N; ++k)
        squares[k].add(blocks[k] + i);
    for (size_t k = 0; k < N; ++k) {
      squares[k].finish(sums[k]);
      block_squares<T>::add_rest(blocks[k] + whole, rest, sums[k]);
    }
  });
}

double root_of(const std::array<lane_sums, 4>& sums) {
  lane_sums total{};
  for (size_t i = 0; i < total.size(); ++i)
    total[i] = (sums[0][i] + sums[1][i]) + (sums[2][i] + sums[3][i]);
  for (auto half = total.size() / 2; half > 0; half /= 2)
    for (size_t i = 0; i < half; ++i)
      total[i] += total[i + half];
  return std::sqrt(total[0]);
}

template <class T>
double norm_of(const T* start, element_range range) {
  auto head = fused::head_of(range);
  auto quarter = quarter_of(range);
  auto x = start + range.offset + head;
  auto n = range.numel - head;
  std::array<lane_sums, 4> sums{};
  block_squares<T>::add_rest(x - head, head, sums[0]);
  int64_t i = 0;
  // While all four quarters have a whole block left.
  for (; 3 * quarter + i + fused_block_numel <= n; i += fused_block_numel)
    add_squares(std::array{x + i, x + quarter + i, x + 2 * quarter + i,
                           x + 3 * quarter + i},
                fused_block_numel, sums.data());
  for (; i < quarter; i += fused_block_numel)
    for (int64_t k = 0; k < 4; ++k)
      if (auto left = n - k * quarter - i; left > 0)
        add_squares(std::array{x + k * quarter + i},
                    std::min(left, fused_block_numel),
                    &sums[static_cast<size_t>(k)]);
  return root_of(sums);
}

} // namespace

double norm(const flat_view& x, element_range range) {
  fused::check(range, x, nullptr, nullptr);
  if (auto p = x.elements<float>())
    return norm_of(p, range);
  if (auto p = x.elements<double>())
    return norm_of(p, range);
  // Half precision would lose the sum.
  auto part = fused::part_of(x, range);
  auto wide = part.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::linalg_vector_norm(part, 2, c10::nullopt, false, wide)
    .item<double>();
}

running_norm::running_norm(element_range range)
  : first_(range.offset + fused::head_of(range)), quarter_(quarter_of(range)) {}

double running_norm::result() const {
  return root_of(sums_);
}

} // namespace caps
