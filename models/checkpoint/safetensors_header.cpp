#include "models/checkpoint/safetensors_header.hpp"

#include "models/checkpoint/json_reader.hpp"
#include "models/errors.hpp"
#include "models/parameter_layout.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace caps {

namespace {

struct dtype_entry {
  std::string_view name;
  at::ScalarType dtype;
};

constexpr std::array dtypes{
  dtype_entry{"F64", at::kDouble}, dtype_entry{"F32", at::kFloat},
  dtype_entry{"F16", at::kHalf},   dtype_entry{"BF16", at::kBFloat16},
  dtype_entry{"I64", at::kLong},   dtype_entry{"I32", at::kInt},
  dtype_entry{"I16", at::kShort},  dtype_entry{"I8", at::kChar},
  dtype_entry{"U8", at::kByte},
};

/// LibTorch's own loops stop at 64 dimensions.
constexpr size_t dimensions_max = 64;

constexpr std::string_view metadata_key = "__metadata__";

/// Reads the text; `slots` keep the offsets of their entries for messages.
class header_parser {
public:
  header_parser(std::string_view text, const std::string& file)
    : json_(text, file, header_length_bytes),
      data_start_(header_length_bytes + text.size()) {}

  safetensors_header parse(uint64_t data_bytes) {
    if (json_.offset() != header_length_bytes)
      json_.fail(header_length_bytes, "the header must start with '{'");
    std::set<std::string> seen;
    members([&](const std::string& name, size_t offset) {
      if (!seen.insert(name).second)
        json_.fail(offset, fmt::format("'{}' is there twice", name));
      if (name == metadata_key)
        read_metadata();
      else
        read_slot(name, offset);
    });
    json_.expect_end();
    check_places(data_bytes);
    safetensors_header result;
    for (auto& x : slots_)
      result.tensors.push_back(std::move(x.slot));
    result.metadata = std::move(metadata_);
    return result;
  }

private:
  struct located_slot {
    tensor_slot slot;
    size_t offset;
  };

  /// Calls `f(name, offset)` for each member of an object; `f` reads the
  /// value.
  template <class F>
  void members(F f) {
    json_.expect('{');
    if (json_.accept('}'))
      return;
    do {
      auto offset = json_.offset();
      auto name = json_.string();
      json_.expect(':');
      f(name, offset);
    } while (json_.accept(','));
    json_.expect('}');
  }

  template <class F>
  void elements(F f) {
    json_.expect('[');
    if (json_.accept(']'))
      return;
    do
      f();
    while (json_.accept(','));
    json_.expect(']');
  }

  void read_metadata() {
    members([&](const std::string& name, size_t offset) {
      if (!metadata_.emplace(name, json_.string()).second)
        json_.fail(offset, fmt::format("'{}' is there twice", name));
    });
  }

  void read_slot(const std::string& name, size_t offset) {
    tensor_slot x;
    x.name = name;
    std::vector<int64_t> places;
    std::set<std::string> seen;
    members([&](const std::string& key, size_t at) {
      if (!seen.insert(key).second)
        json_.fail(at, fmt::format("'{}' is there twice", key));
      if (key == "dtype")
        x.dtype = read_dtype();
      else if (key == "shape")
        read_shape(x.shape);
      else if (key == "data_offsets")
        elements([&] { places.push_back(json_.integer()); });
      else
        json_.fail(at, fmt::format("expected dtype, shape or data_offsets, "
                                   "found '{}'",
                                   key));
    });
    if (seen.size() != 3)
      json_.fail(offset, fmt::format("'{}' needs a dtype, a shape and "
                                     "data_offsets",
                                     name));
    if (places.size() != 2 || places[0] > places[1])
      json_.fail(offset, fmt::format("data_offsets of '{}' must be two numbers "
                                     "in rising order",
                                     name));
    x.begin = places[0];
    x.end = places[1];
    check_size(x, offset);
    slots_.push_back({std::move(x), offset});
  }

  at::ScalarType read_dtype() {
    auto offset = json_.offset();
    auto name = json_.string();
    for (const auto& x : dtypes)
      if (x.name == name)
        return x.dtype;
    json_.fail(offset, fmt::format("unknown dtype '{}'", name));
  }

  void read_shape(std::vector<int64_t>& shape) {
    auto offset = json_.offset();
    elements([&] {
      shape.push_back(json_.integer());
      if (shape.size() > dimensions_max)
        json_.fail(offset, fmt::format("a tensor has at most {} dimensions",
                                       dimensions_max));
    });
  }

  void check_size(const tensor_slot& x, size_t offset) const {
    // Comparing with the limit before each product keeps it from
    // overflowing, in tensors without elements too.
    auto size = x.end - x.begin;
    auto empty = std::find(x.shape.begin(), x.shape.end(), 0) != x.shape.end();
    auto limit = empty ? std::numeric_limits<int64_t>::max() : size;
    auto bytes = static_cast<int64_t>(c10::elementSize(x.dtype));
    auto fits = bytes <= limit;
    for (auto extent : x.shape) {
      extent = std::max<int64_t>(extent, 1);
      fits = fits && extent <= limit / bytes;
      bytes = fits ? bytes * extent : bytes;
    }
    if (!fits || size != (empty ? 0 : bytes))
      json_.fail(offset,
                 fmt::format("'{}' is {} {} but has {} bytes", x.name,
                             dtype_name(x.dtype), shape_text(x.shape), size));
  }

  void check_places(uint64_t data_bytes) {
    std::stable_sort(slots_.begin(), slots_.end(),
                     [](const auto& a, const auto& b) {
                       return std::pair{a.slot.begin, a.slot.end}
                              < std::pair{b.slot.begin, b.slot.end};
                     });
    int64_t next = 0;
    for (const auto& [slot, offset] : slots_) {
      if (slot.begin != next)
        json_.fail(offset, fmt::format("'{}' starts at byte {} of the data, "
                                       "expected {} (no overlaps, no gaps)",
                                       slot.name, slot.begin, next));
      next = slot.end;
    }
    auto end = static_cast<uint64_t>(next);
    if (data_bytes < end)
      json_.fail(data_start_ + data_bytes,
                 fmt::format("the file ends here, expected {} more bytes",
                             end - data_bytes));
    if (data_bytes > end)
      json_.fail(data_start_ + end,
                 fmt::format("expected the end of the file, found {} more "
                             "bytes",
                             data_bytes - end));
  }

  json_reader json_;
  /// Offset of the tensors in the file.
  size_t data_start_;
  std::vector<located_slot> slots_;
  std::map<std::string, std::string> metadata_;
};

} // namespace

std::string format_header(const safetensors_header& x) {
  std::string text = "{";
  if (!x.metadata.empty()) {
    text += json_string(metadata_key) + ":{";
    for (const auto& [key, value] : x.metadata)
      text += json_string(key) + ':' + json_string(value) + ',';
    text.back() = '}';
    text += ',';
  }
  for (const auto& slot : x.tensors) {
    text += json_string(slot.name);
    text += fmt::format(R"(:{{"dtype":"{}","shape":[{}],)",
                        dtype_name(slot.dtype), fmt::join(slot.shape, ","));
    text += fmt::format(R"("data_offsets":[{},{}]}},)", slot.begin, slot.end);
  }
  if (text.back() == ',')
    text.pop_back();
  text += '}';
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

safetensors_header parse_header(std::string_view text, const std::string& file,
                                uint64_t data_bytes) {
  return header_parser{text, file}.parse(data_bytes);
}

std::string_view dtype_name(at::ScalarType dtype) {
  for (const auto& x : dtypes)
    if (x.dtype == dtype)
      return x.name;
  throw input_error(fmt::format("safetensors files cannot hold numbers of type "
                                "{}",
                                c10::toString(dtype)));
}

} // namespace caps
