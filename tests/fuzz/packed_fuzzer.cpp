// A packed snapshot of a recording, and the word that says how it is packed.
// The first bytes choose a base; the rest is packed and unpacked, and taken for
// packed bytes as it is.

#include "models/errors.hpp"
#include "runtime/run_file/stored_snapshot.hpp"
#include "tests/fuzz/fuzzer.hpp"

#include <string>
#include <vector>

void caps::test::fuzz(std::string_view input) {
  constexpr size_t bytes_max = 1 << 16;
  auto word = choose(input, 2) == 0 ? word_size::four : word_size::eight;
  auto based = choose(input, 2) == 1;
  auto bytes = std::as_bytes(std::span{input});
  std::vector<std::byte> base;
  if (based)
    base.assign(bytes.rbegin(), bytes.rend());
  auto packed = pack(bytes, base, word);
  auto again = unpack(std::as_bytes(std::span{packed}), base, word, bytes_max);
  require(again == input, "what was packed comes back");
  auto how_far = distance(bytes, base, word);
  require(how_far >= 0 && how_far <= 1, "a distance is a fraction");
  try {
    unpack(bytes, base, word, bytes_max);
  } catch (const error&) {
  }
  try {
    auto x = parse_snapshot_encoding(input);
    require(parse_snapshot_encoding(x.text()).text() == x.text(),
            "an encoding is the same, written again");
  } catch (const error&) {
  }
}
