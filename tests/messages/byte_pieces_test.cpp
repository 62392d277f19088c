#include "tests/support/catch.hpp"

#include "messages/byte_pieces.hpp"
#include "tests/messages/support.hpp"

#include <stdexcept>

using namespace caps;
using caps::test::payload_limit;

TEST_CASE("bytes come out of pieces as they went in", "[byte_pieces]") {
  payload_limit limit{10};
  auto size = GENERATE(size_t{0}, 1, 9, 10, 11, 480);
  std::string bytes(size, 'x');
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>(i);
  auto pieces = to_pieces(bytes);
  CHECK(pieces.size() == (size + 9) / 10);
  for (const auto& x : pieces)
    CHECK(x.size_bytes() <= 10);
  CHECK(from_pieces(pieces) == bytes);
}

TEST_CASE("no more pieces are made than go in a message", "[byte_pieces]") {
  payload_limit limit{10};
  CHECK_THROWS_AS(to_pieces(std::string(481, 'x')), std::length_error);
}
