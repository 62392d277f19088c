#include "tests/support/catch.hpp"

#include "models/errors.hpp"
#include "models/random_stream.hpp"
#include "runtime/run_file/packed_words.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <string>
#include <vector>

using namespace caps;

namespace {

std::span<const std::byte> bytes_of_text(const std::string& x) {
  return std::as_bytes(std::span{x});
}

std::string text_of_floats(const std::vector<float>& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float)};
}

} // namespace

TEST_CASE("whatever is packed comes back as it was", "[packed_words]") {
  random_stream stream{7};
  auto noise = [&](size_t size) {
    std::string result;
    while (result.size() < size)
      result += static_cast<char>(stream.below(256));
    return result;
  };
  auto word = GENERATE(word_size::four, word_size::eight);
  size_t size = GENERATE(0, 1, 3, 4, 7, 8, 15, 1000, 4099);
  for (const auto& x :
       {noise(size), std::string(size, '\0'), std::string(size, '\xff'),
        std::string(size, '\x80')})
    for (const auto& base : {std::string{}, noise(size), x}) {
      auto packed = pack(bytes_of_text(x), bytes_of_text(base), word);
      CHECK(unpack(bytes_of_text(packed), bytes_of_text(base), word, size)
            == x);
    }
}

TEST_CASE("the nearer the base, the fewer bytes", "[packed_words]") {
  random_stream stream{8};
  std::vector<float> first, near, far;
  for (int i = 0; i < 5000; ++i) {
    auto x = static_cast<float>(stream.below(1000)) / 999 - 0.5F;
    first.push_back(x);
    near.push_back(x + 1e-6F * static_cast<float>(stream.below(10)));
    far.push_back(x + 1e-2F * static_cast<float>(stream.below(10)));
  }
  near[0] = -near[0];
  auto base = text_of_floats(first);
  auto size = [&](const std::vector<float>& x, const std::string& from) {
    auto text = text_of_floats(x);
    return pack(bytes_of_text(text), bytes_of_text(from), word_size::four)
      .size();
  };
  auto apart = [&](const std::vector<float>& x) {
    auto text = text_of_floats(x);
    return distance(bytes_of_text(text), bytes_of_text(base),
                    word_size::four);
  };
  CHECK(size(first, base) < 100);
  CHECK(size(near, base) < size(far, base));
  CHECK(size(far, base) < size(far, ""));
  CHECK(apart(first) == 0);
  CHECK(apart(near) < apart(far));
}

TEST_CASE("what is no packed snapshot is refused", "[packed_words]") {
  std::string x(1000, 'x');
  auto packed = pack(bytes_of_text(x), {}, word_size::four);
  auto refused = [](const std::string& bytes, const std::string& base,
                    size_t most) {
    CHECK_THROWS_AS(unpack(bytes_of_text(bytes), bytes_of_text(base),
                           word_size::four, most),
                    data_error);
  };
  refused("", "", 1000);
  refused("no frame", "", 1000);
  refused(packed, "", 999);
  refused(packed, std::string(999, 'y'), 1000);
  refused(packed.substr(0, packed.size() - 1), "", 1000);
  for (auto text : {"float32/zstd/", "float32/zstd/x", "float32/zstd/-1",
                    "float32/zstd/0", "float32/zstd1", "float32/zstd/1 "})
    CHECK_THROWS_AS(parse_snapshot_encoding(text), data_error);
  for (auto text : {"float32", "safetensors", "float64/zstd",
                    "float32/zstd/17"})
    CHECK(parse_snapshot_encoding(text).text() == text);
}
