#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace caps {

/// The whole of a file; empty if it cannot be read.
inline std::string text_of_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace caps
