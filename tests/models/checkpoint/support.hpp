#pragma once

#include "tests/models/data/support.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace caps::test {

inline bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

/// Changes one byte in place.
inline void write_byte(const std::filesystem::path& path, size_t offset,
                       uint8_t value) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(value));
}

inline bytes text_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

inline bytes little_endian(uint64_t x) {
  bytes result(8);
  for (auto& byte : result) {
    byte = static_cast<uint8_t>(x);
    x >>= 8;
  }
  return result;
}

/// A file of the safetensors format put together by hand.
inline bytes safetensors(std::string_view header, const bytes& data) {
  return little_endian(header.size()) + text_bytes(header) + data;
}

} // namespace caps::test
