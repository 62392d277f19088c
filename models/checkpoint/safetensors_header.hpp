#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Where one tensor lies in a safetensors file.
struct tensor_slot {
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;
  /// First byte and byte after the last, counted from the end of the header.
  int64_t begin = 0;
  int64_t end = 0;
};

/// The header of a safetensors file (format of Hugging Face, 2022): eight
/// bytes with the length of a JSON text (little endian), the text, padded
/// with spaces, and then the tensors without gaps. The text maps names to
/// dtype, shape and place, and `__metadata__` to a map of strings.
struct safetensors_header {
  /// In the order of their places.
  std::vector<tensor_slot> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes of the length in front of the text.
inline constexpr size_t header_length_bytes = 8;

/// Longest text accepted, as in the format's own program.
inline constexpr uint64_t header_text_bytes_max = 100'000'000;

/// The text of a header, padded to a multiple of eight bytes.
std::string format_header(const safetensors_header& x);

/// Reads the text of a header that `data_bytes` bytes of tensors follow.
/// Throws `data_error` naming `file`, the offset of what is wrong in it and
/// what was expected: bad JSON, unknown or twice given names, sizes that do
/// not agree, tensors that overlap, leave gaps or end elsewhere than the file.
safetensors_header parse_header(std::string_view text, const std::string& file,
                                uint64_t data_bytes);

/// The format's name of a type ("F32"); throws `input_error` for a type that
/// it does not know.
std::string_view dtype_name(at::ScalarType dtype);

} // namespace caps
