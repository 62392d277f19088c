#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>

/// Loops over elements, compiled for every instruction set that pays off and
/// run with the best one of the machine. It does not change results: elements
/// are computed one by one, and contraction is off in this project.
namespace caps {

/// A part of flat vectors.
struct element_range {
  int64_t offset = 0;
  int64_t numel = 0;
};

/// Length of a block: its parts of a handful of vectors fit the nearest cache.
constexpr int64_t fused_block_numel = 2048;

namespace fused {

/// What a loop over elements was compiled for.
enum class instruction_set : uint8_t { base, avx2, avx512 };

/// The best one this machine runs.
instruction_set best_instruction_set() noexcept;

#ifdef __clang__
#define CAPS_INDEPENDENT_ITERATIONS                                            \
  _Pragma("clang loop vectorize(assume_safety) interleave(enable)")
#define CAPS_AVX512_TARGET "avx512f,avx512vl,avx512dq,avx512bw"
#else
#define CAPS_INDEPENDENT_ITERATIONS _Pragma("GCC ivdep")
#define CAPS_AVX512_TARGET                                                     \
  "avx512f,avx512vl,avx512dq,avx512bw,prefer-vector-width=512"
#endif

#ifdef __x86_64__
template <class F>
[[gnu::flatten, gnu::target("avx2")]] auto with_avx2(F f) {
  return f();
}

template <class F>
[[gnu::flatten, gnu::target(CAPS_AVX512_TARGET)]] auto with_avx512(F f) {
  return f();
}
#endif

/// Calls `f`, everything it calls included, compiled for the best instruction
/// set of this machine.
template <class F>
auto with_best_instructions(F f) {
#ifdef __x86_64__
  switch (best_instruction_set()) {
    case instruction_set::avx512:
      return with_avx512(f);
    case instruction_set::avx2:
      return with_avx2(f);
    case instruction_set::base:
      break;
  }
#endif
  return f();
}

/// Loads and stores that straddle cache lines cost about a fifth of a pass, and
/// all flat vectors start at a line: so loops over a range first come to an
/// offset that is a multiple of this.
constexpr int64_t aligned_numel = 32;

/// Elements of `range` before the first such offset.
inline int64_t head_of(element_range range) {
  return std::min(range.numel, -range.offset & (aligned_numel - 1));
}

/// Calls `body(i)` for every i below `range.numel`. The calls must be
/// independent of each other's order; vectors they write must not overlap
/// those they read otherwise than element on element.
template <class Body>
void loop(element_range range, Body body) {
  with_best_instructions([=] {
    auto head = head_of(range);
    for (int64_t i = 0; i < head; ++i)
      body(i);
    CAPS_INDEPENDENT_ITERATIONS
    for (auto i = head; i < range.numel; ++i)
      body(i);
  });
}

/// The same for every i below `n`.
template <class Body>
void loop(int64_t n, Body body) {
  loop(element_range{0, n}, body);
}

/// Counts for each of `ranges` the i in it for which `body(i)` holds, under the
/// conditions of `loop`, and calls `take(k, count)` for range k. `T` is the
/// type of the elements: a counter as wide as they are keeps the loop in
/// vectors.
template <class T, class Body, class Take>
void count(std::span<const element_range> ranges, Body body, Take take) {
  using counter = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
  with_best_instructions([=] {
    for (size_t k = 0; k < ranges.size(); ++k) {
      int64_t result = 0;
      auto first = ranges[k].offset;
      auto end = first + ranges[k].numel;
      while (first < end) {
        auto last = std::min(end, first + fused_block_numel);
        counter part = 0;
        CAPS_INDEPENDENT_ITERATIONS
        for (auto i = first; i < last; ++i)
          part += body(i) ? counter{1} : counter{0};
        result += static_cast<int64_t>(part);
        first = last;
      }
      take(k, result);
    }
  });
}

} // namespace fused

} // namespace caps
