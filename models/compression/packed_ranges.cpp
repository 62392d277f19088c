#include "models/compression/packed_ranges.hpp"

#include "models/compression/bit_groups.hpp"
#include "models/errors.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

/// Nine groups hold 63 bits.
constexpr int range_groups_max = 9;

void append(std::vector<uint8_t>& bytes, int64_t number) {
  write_groups(static_cast<uint64_t>(number),
               [&](uint8_t group) { bytes.push_back(group); });
}

/// Reads the numbers one after the other.
class number_reader {
public:
  explicit number_reader(const at::Tensor& bytes)
    : byte_(bytes.data_ptr<uint8_t>()), end_(byte_ + bytes.numel()) {}

  bool at_end() const { return byte_ == end_; }

  int64_t next() {
    auto result = read_groups(byte_, end_, range_groups_max);
    if (!result)
      throw error("the packed ranges end or run wild in the middle of one");
    return static_cast<int64_t>(*result);
  }

private:
  const uint8_t* byte_;
  const uint8_t* end_;
};

} // namespace

at::Tensor pack_ranges(std::span<const element_range> ranges) {
  std::vector<uint8_t> bytes;
  int64_t end = 0;
  for (size_t i = 0; i < ranges.size();) {
    auto first = ranges[i].offset;
    append(bytes, first - end);
    end = first;
    for (; i < ranges.size() && ranges[i].offset == end; ++i)
      end += ranges[i].numel;
    append(bytes, end - first);
  }
  auto result = at::empty({static_cast<int64_t>(bytes.size())}, at::kByte);
  std::copy(bytes.begin(), bytes.end(), result.data_ptr<uint8_t>());
  return result;
}

std::vector<element_range> unpack_ranges(const at::Tensor& bytes,
                                         int64_t numel) {
  std::vector<element_range> result;
  int64_t end = 0;
  for (number_reader reader{bytes}; !reader.at_end();) {
    auto gap = reader.next();
    auto length = reader.next();
    if (length == 0 || gap > numel - end || length > numel - end - gap)
      throw error(fmt::format("packed range {} begins {} elements after "
                              "element {} and has {} of a vector of {}",
                              result.size(), gap, end, length, numel));
    result.push_back({end + gap, length});
    end += gap + length;
  }
  return result;
}

} // namespace caps
