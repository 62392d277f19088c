#pragma once

#include "models/fused_pass.hpp"

#include <array>
#include <cstring>

namespace caps {

/// The Euclidean norm of the elements of `x` in `range`. Squares are added up
/// in an order that depends on the range alone: in the elements'
/// precision within blocks, in double precision over them. NaN if an element
/// is NaN, infinite if the squares overflow.
double norm(const flat_view& x, element_range range);

namespace detail {

/// Sums of squares over blocks, added up side by side.
using lane_sums = std::array<double, 16>;

/// Adds up the squares of one block. Sums run side by side in vectors as wide
/// as the widest register, and are lowered to narrower ones without changing
/// the order of any.
template <class T>
class block_squares {
public:
  using vector [[gnu::vector_size(64)]] = T;
  static constexpr int64_t width = 64 / sizeof(T);

  /// Elements that `add` takes.
  static constexpr int64_t stride = 2 * width;

  void add(const T* x) {
    vector a, b;
    std::memcpy(&a, x, sizeof a);
    std::memcpy(&b, x + width, sizeof b);
    even_ += a * a;
    odd_ += b * b;
  }

  /// Adds everything to `sums`.
  void finish(lane_sums& sums) {
    even_ += odd_;
    for (int64_t lane = 0; lane < width; ++lane)
      sums[static_cast<size_t>(lane)] += static_cast<double>(even_[lane]);
  }

  /// Adds the squares of `n` further elements to `sums`.
  static void add_rest(const T* x, int64_t n, lane_sums& sums) {
    for (int64_t i = 0; i < n; ++i)
      sums[static_cast<size_t>(i % width)] += static_cast<double>(x[i] * x[i]);
  }

private:
  vector even_{};
  vector odd_{};
};

} // namespace detail

/// The norm, to the bit, of a range that is being written block by block: the
/// blocks of `for_each_block`, in their order. Costs no pass of its own.
class running_norm {
public:
  explicit running_norm(element_range range);

  /// Does `fused_pass` over `block` and takes in what it wrote to the first
  /// output. @pre the outputs are `element_wise`
  template <size_t Outs, size_t Ins, class Rule>
  void fused_pass(element_range block, const std::array<flat_view, Outs>& outs,
                  const std::array<flat_view, Ins>& ins, const Rule& rule) {
    fused::check(block, outs[0], outs.data(), outs.data() + Outs);
    fused::check(block, outs[0], ins.data(), ins.data() + Ins);
    if (outs[0].template elements<float>() != nullptr)
      run<float>(block, outs, ins, rule);
    else
      run<double>(block, outs, ins, rule);
    for (const auto& x : outs)
      fused::mark_written(x);
  }

  double result() const;

private:
  template <class T, size_t Outs, size_t Ins, class Rule>
  void run(element_range block, const std::array<flat_view, Outs>& outs,
           const std::array<flat_view, Ins>& ins, const Rule& rule) {
    auto head = fused::head_of(block);
    auto quarter = (block.offset + head - first_) / quarter_;
    auto& sums = sums_[static_cast<size_t>(quarter)];
    auto body = fused::element_rule<T>(block, outs, ins, rule,
                                       std::make_index_sequence<Outs>{},
                                       std::make_index_sequence<Ins>{});
    const T* written = outs[0].template elements<T>() + block.offset;
    fused::with_best_instructions([=, &sums, n = block.numel] {
      using squares_of = detail::block_squares<T>;
      constexpr auto stride = squares_of::stride;
      squares_of squares;
      for (int64_t i = 0; i < head; ++i)
        body(i);
      squares_of::add_rest(written, head, sums);
      auto rest = (n - head) % stride;
      auto whole = n - rest;
      for (int64_t i = head; i < whole; i += stride) {
        CAPS_INDEPENDENT_ITERATIONS
        for (int64_t k = 0; k < stride; ++k)
          body(i + k);
        squares.add(written + i);
      }
      squares.finish(sums);
      for (int64_t i = whole; i < n; ++i)
        body(i);
      squares_of::add_rest(written + whole, rest, sums);
    });
  }

  /// The first aligned offset.
  int64_t first_;
  int64_t quarter_;
  std::array<detail::lane_sums, 4> sums_{};
};

} // namespace caps
