#include "models/compression/packed_indices.hpp"

#include "models/compression/bit_groups.hpp"
#include "models/errors.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

namespace caps {

namespace {

/// Five groups hold 35 bits.
constexpr int index_groups_max = 5;

/// Calls `f(gap)` for every gap.
template <class F>
void for_each_gap(std::span<const int32_t> indices, F f) {
  int64_t next = 0;
  for (int64_t i : indices) {
    f(static_cast<uint32_t>(i - next));
    next = i + 1;
  }
}

/// Reads the gaps and calls `f(index)` for every index.
template <class F>
void for_each_index(const at::Tensor& bytes, int64_t count, int64_t numel,
                    F f) {
  const uint8_t* byte = bytes.data_ptr<uint8_t>();
  auto end = byte + bytes.numel();
  int64_t next = 0;
  for (int64_t k = 0; k < count; ++k) {
    auto gap = read_groups(byte, end, index_groups_max);
    if (!gap)
      throw error(fmt::format("the packed indices end or run wild at index "
                              "{} of {}",
                              k, count));
    next += static_cast<int64_t>(*gap);
    if (next >= numel)
      throw error(fmt::format("packed index {} of {} names element {} of a "
                              "vector of {}",
                              k, count, next, numel));
    f(static_cast<int32_t>(next));
    ++next;
  }
  if (byte != end)
    throw error(fmt::format("{} bytes follow the last of {} packed indices",
                            end - byte, count));
}

} // namespace

at::Tensor pack_indices(std::span<const int32_t> indices) {
  int64_t size = 0;
  for_each_gap(indices, [&](uint32_t gap) {
    write_groups(gap, [&](uint8_t) { ++size; });
  });
  auto result = at::empty({size}, at::kByte);
  auto byte = result.data_ptr<uint8_t>();
  for_each_gap(indices, [&](uint32_t gap) {
    write_groups(gap, [&](uint8_t group) { *byte++ = group; });
  });
  return result;
}

std::vector<int32_t> unpack_indices(const at::Tensor& bytes, int64_t count,
                                    int64_t numel) {
  std::vector<int32_t> result;
  result.reserve(static_cast<size_t>(count));
  for_each_index(bytes, count, numel,
                 [&](int32_t index) { result.push_back(index); });
  return result;
}

void check_packed_indices(const at::Tensor& bytes, int64_t count,
                          int64_t numel) {
  for_each_index(bytes, count, numel, [](int32_t) {});
}

} // namespace caps
