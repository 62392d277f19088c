#include "tests/support/catch.hpp"

#include "models/checkpoint/json_reader.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"

using caps::data_error;
using caps::json_reader;

namespace {

std::string string_of(std::string_view text) {
  return json_reader{text, "f", 0}.string();
}

int64_t integer_of(std::string_view text) {
  return json_reader{text, "f", 0}.integer();
}

} // namespace

TEST_CASE("escapes in strings are resolved", "[json_reader]") {
  CHECK(string_of(R"("plain")") == "plain");
  CHECK(string_of(R"("\"\\\/\b\f\n\r\t")") == "\"\\/\b\f\n\r\t");
  CHECK(string_of(R"("\u0041\u00e9\u20ac\ud83d\ude00")")
        == "A\u00e9\u20ac\U0001f600");
  CHECK(string_of("\"\u00e9\u20ac\U0001f600\"") == "\u00e9\u20ac\U0001f600");
  CHECK(string_of(R"("\u0000")") == std::string(1, '\0'));
}

TEST_CASE("bad strings are refused", "[json_reader]") {
  for (std::string bad :
       {R"("no end)", R"(nothing)", "\"tab\t\"", R"("\x")", R"("\u12")",
        R"("\u12g4")", R"("\ud83d")", R"("\ud83d\u0041")", R"("\ude00")",
        R"("\)", "\"\x80\"", "\"\xc3\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\"\xff\""}) {
    INFO(bad);
    CHECK_THROWS_AS(string_of(bad), data_error);
  }
}

TEST_CASE("what is written reads back", "[json_reader]") {
  std::string text = "layer\"1\"\\ \n\x01 \u20ac";
  CHECK(string_of(caps::json_string(text)) == text);
}

TEST_CASE("integers are whole and in range", "[json_reader]") {
  CHECK(integer_of("0") == 0);
  CHECK(integer_of(" 9223372036854775807,") == 9223372036854775807);
  for (auto bad : {"", "-1", "+1", "01", "9223372036854775808", "x", "\"1\""}) {
    INFO(bad);
    CHECK_THROWS_AS(integer_of(bad), data_error);
  }
  // A fraction is found by whoever asks for the next token.
  json_reader fraction{"1.5]", "f", 0};
  fraction.integer();
  CHECK_THROWS_AS(fraction.expect(']'), data_error);
}

TEST_CASE("failures name file, offset and what was found", "[json_reader]") {
  json_reader x{" { ]", "run/a.safetensors", 8};
  x.expect('{');
  CHECK(caps::test::message_of<data_error>([&] { x.expect(':'); })
        == "run/a.safetensors: byte 11: expected ':', found ']'");
}
