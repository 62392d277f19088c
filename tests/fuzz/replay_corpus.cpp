// Runs a fuzzer over files, and over all files of folders, once each: the
// inputs that once broke something, and those that reach most of the code.

#include "tests/support/files.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path path :
       std::vector<std::string>{argv + 1, argv + argc}) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator{path})
      if (entry.is_regular_file())
        files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    // Names what runs before it may crash.
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    auto content = caps::test::read_text(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(content.data()),
                           content.size());
  }
  if (files.empty()) {
    std::fprintf(stderr, "no inputs\n");
    return 1;
  }
  return 0;
}
