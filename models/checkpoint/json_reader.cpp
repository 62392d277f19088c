#include "models/checkpoint/json_reader.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace caps {

namespace {

void append_utf8(std::string& out, uint32_t x) {
  auto byte = [&](uint32_t bits) { out += static_cast<char>(bits); };
  if (x < 0x80) {
    byte(x);
  } else if (x < 0x800) {
    byte(0xc0 | (x >> 6));
    byte(0x80 | (x & 0x3f));
  } else if (x < 0x10000) {
    byte(0xe0 | (x >> 12));
    byte(0x80 | ((x >> 6) & 0x3f));
    byte(0x80 | (x & 0x3f));
  } else {
    byte(0xf0 | (x >> 18));
    byte(0x80 | ((x >> 12) & 0x3f));
    byte(0x80 | ((x >> 6) & 0x3f));
    byte(0x80 | (x & 0x3f));
  }
}

/// Length of the UTF-8 sequence at the start of `text`, 0 if there is none
/// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text) {
  auto at = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  auto first = at(0);
  auto in = [](unsigned x, unsigned min, unsigned max) {
    return x >= min && x <= max;
  };
  auto follows = [&](size_t i) { return in(at(i), 0x80, 0xbf); };
  if (first < 0x80)
    return 1;
  if (in(first, 0xc2, 0xdf))
    return follows(1) ? 2 : 0;
  if (in(first, 0xe0, 0xef)) {
    auto min = first == 0xe0 ? 0xa0u : 0x80u;
    auto max = first == 0xed ? 0x9fu : 0xbfu;
    return in(at(1), min, max) && follows(2) ? 3 : 0;
  }
  if (in(first, 0xf0, 0xf4)) {
    auto min = first == 0xf0 ? 0x90u : 0x80u;
    auto max = first == 0xf4 ? 0x8fu : 0xbfu;
    return in(at(1), min, max) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

} // namespace

json_reader::json_reader(std::string_view text, std::string origin,
                         size_t offset)
  : text_(text), origin_(std::move(origin)), start_(offset) {}

void json_reader::expect(char c) {
  if (!accept(c))
    fail(offset(), fmt::format("expected '{}', found {}", c, found()));
}

bool json_reader::accept(char c) {
  skip_space();
  if (at_ == text_.size() || text_[at_] != c)
    return false;
  ++at_;
  return true;
}

std::string json_reader::string() {
  skip_space();
  if (at_ == text_.size() || text_[at_] != '"')
    fail(offset(), "expected a string, found " + found());
  auto begin = offset();
  ++at_;
  std::string result;
  for (;;) {
    if (at_ == text_.size())
      fail(begin, "the string that starts here has no end");
    auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"')
      break;
    if (c == '\\') {
      escape(result);
      continue;
    }
    auto length = c < 0x20 ? 0 : utf8_length(text_.substr(at_));
    if (length == 0)
      fail(start_ + at_, "expected text in UTF-8, found " + found());
    result += text_.substr(at_, length);
    at_ += length;
  }
  ++at_;
  return result;
}

int64_t json_reader::integer() {
  skip_space();
  auto first = text_.data() + at_;
  auto last = text_.data() + text_.size();
  int64_t result = 0;
  auto [end, failure] = std::from_chars(first, last, result);
  auto leading_zero = end - first > 1 && *first == '0';
  if (failure != std::errc{} || *first == '-' || leading_zero)
    fail(offset(), "expected an integer from 0 to 2^63 - 1, found " + found());
  at_ += static_cast<size_t>(end - first);
  return result;
}

void json_reader::expect_end() {
  skip_space();
  if (at_ != text_.size())
    fail(offset(), "expected the end of the header, found " + found());
}

size_t json_reader::offset() {
  skip_space();
  return start_ + at_;
}

void json_reader::fail(size_t offset, const std::string& what) const {
  throw data_error(fmt::format("{}: byte {}: {}", origin_, offset, what));
}

void json_reader::skip_space() {
  while (at_ < text_.size()
         && std::string_view{" \t\n\r"}.find(text_[at_])
              != std::string_view::npos)
    ++at_;
}

std::string json_reader::found() const {
  if (at_ == text_.size())
    return "the end of the header";
  auto c = static_cast<unsigned char>(text_[at_]);
  return c > 0x20 && c < 0x7f ? fmt::format("'{}'", text_[at_])
                              : fmt::format("byte 0x{:02x}", c);
}

uint32_t json_reader::hex4() {
  uint32_t result = 0;
  auto digits = text_.substr(at_, 4);
  auto last = digits.data() + digits.size();
  auto [end, failure] = std::from_chars(digits.data(), last, result, 16);
  if (failure != std::errc{} || digits.size() != 4 || end != last)
    fail(start_ + at_, "expected four hexadecimal digits");
  at_ += 4;
  return result;
}

void json_reader::escape(std::string& out) {
  auto begin = start_ + at_;
  ++at_; // the backslash
  auto c = at_ < text_.size() ? text_[at_] : '\0';
  static constexpr std::string_view names = "\"\\/bfnrt";
  static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  if (auto i = names.find(c); i != std::string_view::npos) {
    ++at_;
    out += values[i];
    return;
  }
  if (c != 'u')
    fail(begin, "this escape does not exist in JSON");
  ++at_;
  auto x = hex4();
  if (x >= 0xd800 && x < 0xdc00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    auto low = hex4();
    if (low < 0xdc00 || low >= 0xe000)
      fail(begin, "expected the second half of a surrogate pair");
    x = 0x10000 + ((x - 0xd800) << 10) + (low - 0xdc00);
  } else if (x >= 0xd800 && x < 0xe000) {
    fail(begin, "half of a surrogate pair stands alone");
  }
  append_utf8(out, x);
}

std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20)
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      result += c;
  }
  return result + '"';
}

} // namespace caps
