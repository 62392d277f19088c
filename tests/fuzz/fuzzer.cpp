#include "tests/fuzz/fuzzer.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace caps::test {

void require(bool holds, std::string_view what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

size_t choose(std::string_view& input, size_t count) {
  if (input.empty())
    return 0;
  auto first = static_cast<unsigned char>(input.front());
  input.remove_prefix(1);
  return first % count;
}

} // namespace caps::test

/// What libFuzzer calls, and what the corpus is replayed through.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  caps::test::fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
