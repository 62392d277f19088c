#include "models/compression/selection.hpp"

#include "models/compression/magnitude.hpp"
#include "models/fused_pass.hpp"
#include "models/random_stream.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <span>

namespace caps {

namespace {

void check_count(int64_t count, int64_t numel) {
  if (numel > selection_numel_max)
    throw error(fmt::format("selection from {} elements: at most {} are "
                            "possible",
                            numel, selection_numel_max));
  if (count < 0 || count > numel)
    throw error(
      fmt::format("selection of {} elements out of {}", count, numel));
}

/// Keys that are looked at to guess where the bounds lie, at most...
constexpr int64_t sample_max = 1 << 16;
/// ...and one in so many elements.
constexpr int64_t sample_stride_min = 16;

/// The keys of evenly spaced elements.
template <class T>
std::vector<magnitude_key_of<T>> sample_of(const T* x, int64_t n) {
  std::vector<magnitude_key_of<T>> result;
  auto stride = std::max(sample_stride_min, n / sample_max);
  for (int64_t i = 0; i < n; i += stride)
    result.push_back(magnitude_key(x[i]));
  return result;
}

/// Elements of a vector, ascending, and their values.
template <class T>
struct picked {
  std::vector<int32_t> indices;
  std::vector<T> values;
};

/// Marks that are looked at together.
constexpr int64_t group_numel = 8;

/// For each set of marks, as bits, which ones are set; the rest of a row does
/// not matter.
using row = std::array<uint8_t, group_numel>;

constexpr std::array<row, 1 << group_numel> make_rows() {
  std::array<row, 1 << group_numel> result{};
  for (size_t marks = 0; marks < result.size(); ++marks)
    for (uint8_t k = 0, n = 0; k < group_numel; ++k)
      if ((marks >> k & 1) != 0)
        result[marks][n++] = k;
  return result;
}

constexpr auto rows = make_rows();

/// Eight marks of 0 or 1 as bits: the multiplication moves bit 8 k to 56 + k.
size_t bits_of(const uint8_t* marks) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t word;
  std::memcpy(&word, marks, sizeof word);
  return word * 0x0102'0408'1020'4080U >> 56;
}

/// Writes the positions of the marks among `n`, a multiple of a group, plus
/// `offset` to `out`, and returns how many. Writes a group more than that.
size_t positions_of(const uint8_t* marks, int64_t n, int32_t offset,
                    int32_t* out) {
  return fused::with_best_instructions([=] {
    size_t count = 0;
    for (int64_t k = 0; k < n; k += group_numel) {
      auto bits = bits_of(marks + k);
      auto first = offset + static_cast<int32_t>(k);
      for (size_t i = 0; i < group_numel; ++i)
        out[count + i] = first + rows[bits][i];
      count += static_cast<size_t>(std::popcount(bits));
    }
    return count;
  });
}

/// The elements whose key is `bound` or more: `expected` or so.
template <class T>
picked<T> elements_from(const T* x, int64_t n, magnitude_key_of<T> bound,
                        size_t expected) {
  std::array<uint8_t, fused_block_numel> marks;
  static_assert(fused_block_numel % group_numel == 0);
  picked<T> result;
  size_t count = 0;
  for (int64_t first = 0; first < n; first += fused_block_numel) {
    auto size = std::min(fused_block_numel, n - first);
    fused::loop(size, [=, out = marks.data(), in = x + first](int64_t i) {
      out[i] = magnitude_key(in[i]) >= bound ? 1 : 0;
    });
    std::fill(marks.begin() + size, marks.end(), uint8_t{0});
    auto room = count + marks.size() + group_numel;
    if (result.indices.size() < room) {
      auto length = std::max(expected, 2 * count) + room - count;
      result.indices.resize(length);
      result.values.resize(length);
    }
    auto end = count
               + positions_of(marks.data(), fused_block_numel,
                              static_cast<int32_t>(first),
                              result.indices.data() + count);
    for (; count < end; ++count)
      result.values[count] = x[result.indices[count]];
  }
  result.indices.resize(count);
  result.values.resize(count);
  return result;
}

/// The key that is number `rank` (from 0) among `keys`, the largest first.
/// Reorders them.
template <class Key>
Key key_of_rank(std::span<Key> keys, size_t rank) {
  auto middle = keys.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(keys.begin(), middle, keys.end(), std::greater<>{});
  return *middle;
}

/// The key of the last one among the `count` largest of `values`; most of
/// these have a key of `ceiling` or more.
template <class T>
magnitude_key_of<T> last_key(const std::vector<T>& values,
                             magnitude_key_of<T> ceiling, size_t count) {
  std::vector<magnitude_key_of<T>> below(values.size());
  size_t undecided = 0;
  for (auto value : values) {
    auto key = magnitude_key(value);
    below[undecided] = key;
    undecided += key < ceiling ? 1 : 0;
  }
  auto sure = values.size() - undecided;
  if (sure < count)
    return key_of_rank(std::span{below}.first(undecided), count - sure - 1);
  std::transform(values.begin(), values.end(), below.begin(),
                 [](T value) { return magnitude_key(value); });
  return key_of_rank(std::span{below}, count - 1);
}

/// Keeps the `count` largest.
template <class T>
void keep_largest(picked<T>& x, magnitude_key_of<T> ceiling, size_t count) {
  auto last = last_key(x.values, ceiling, count);
  auto above = std::count_if(x.values.begin(), x.values.end(), [=](T value) {
    return magnitude_key(value) > last;
  });
  auto equals = count - static_cast<size_t>(above);
  size_t kept = 0;
  for (size_t i = 0; i < x.values.size(); ++i) {
    auto key = magnitude_key(x.values[i]);
    auto equal = key == last && equals > 0;
    equals -= equal ? 1 : 0;
    x.indices[kept] = x.indices[i];
    x.values[kept] = x.values[i];
    kept += key > last || equal ? 1 : 0;
  }
  x.indices.resize(count);
  x.values.resize(count);
}

template <class T>
picked<T> largest_of(const T* x, int64_t n, int64_t count) {
  using key = magnitude_key_of<T>;
  auto sample = sample_of(x, n);
  auto size = static_cast<double>(sample.size());
  auto rank = size * static_cast<double>(count) / static_cast<double>(n);
  // Four standard deviations of what a random sample would have.
  auto slack = 4 * std::sqrt(rank + 1);
  auto key_at = [&](double r) {
    // Beyond the sample's end everything is a candidate.
    if (r >= size)
      return key{0};
    return key_of_rank(std::span{sample},
                       static_cast<size_t>(std::max(r, 0.0)));
  };
  auto ceiling = key_at(rank - slack);
  for (auto reach = rank + slack;; reach *= 4) {
    auto share = std::min(reach / size, 1.0);
    auto result = elements_from(
      x, n, key_at(reach), static_cast<size_t>(share * static_cast<double>(n)));
    if (static_cast<int64_t>(result.values.size()) < count)
      continue;
    keep_largest(result, ceiling, static_cast<size_t>(count));
    return result;
  }
}

template <class T>
selection largest_in_tensor(const T* x, const at::Tensor& like, int64_t count) {
  auto found = largest_of(x, like.numel(), count);
  selection result{std::move(found.indices),
                   at::empty({count}, like.options())};
  std::copy(found.values.begin(), found.values.end(),
            result.values.data_ptr<T>());
  return result;
}

} // namespace

selection largest_elements(const at::Tensor& x, int64_t count) {
  flat_view vector{x};
  check_count(count, vector.numel());
  if (count == 0)
    return {{}, at::empty({0}, x.options())};
  if (auto p = vector.elements<float>())
    return largest_in_tensor(p, x, count);
  if (auto p = vector.elements<double>())
    return largest_in_tensor(p, x, count);
  throw error(fmt::format("selection needs a vector of float or double in host "
                          "memory, not of {} on {}",
                          c10::toString(x.scalar_type()), x.device().str()));
}

std::vector<int32_t> random_elements(uint64_t seed, int64_t count,
                                     int64_t numel) {
  check_count(count, numel);
  constexpr int64_t bits = 64;
  std::vector<uint64_t> marks(static_cast<size_t>((numel + bits - 1) / bits));
  auto mark = [&](int64_t i) {
    auto& word = marks[static_cast<size_t>(i / bits)];
    auto bit = uint64_t{1} << (i % bits);
    auto fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  };
  random_stream stream{seed};
  for (auto i = numel - count; i < numel; ++i)
    if (!mark(static_cast<int64_t>(stream.below(static_cast<uint64_t>(i + 1)))))
      mark(i);
  std::vector<int32_t> result;
  result.reserve(static_cast<size_t>(count));
  for (size_t k = 0; k < marks.size(); ++k)
    for (auto word = marks[k]; word != 0; word &= word - 1)
      result.push_back(static_cast<int32_t>(static_cast<int64_t>(k) * bits
                                            + std::countr_zero(word)));
  return result;
}

} // namespace caps
