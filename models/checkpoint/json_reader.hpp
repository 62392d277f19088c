#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace caps {

/// Reads the JSON that stands in the header of a safetensors file: objects,
/// arrays of integers, strings. Strict: what JSON does not allow is refused,
/// and so is everything the format has no use for (fractions, null, nested
/// arrays) as soon as the caller does not ask for it.
///
/// All failures throw `data_error` with file, offset and what was expected.
class json_reader {
public:
  /// `origin` is the file's name and `offset` the place of `text` in it, both
  /// for messages.
  json_reader(std::string_view text, std::string origin, size_t offset);

  /// Skips white space, then takes `c`.
  void expect(char c);

  /// Skips white space and takes `c` if it is next.
  bool accept(char c);

  /// A string with its escapes resolved; must be valid UTF-8.
  std::string string();

  /// An integer from 0 to 2^63 - 1.
  int64_t integer();

  /// Refuses anything but white space up to the end.
  void expect_end();

  /// Offset in the file of the next token.
  size_t offset();

  /// Throws `data_error` about the place `offset`.
  [[noreturn]] void fail(size_t offset, const std::string& what) const;

private:
  void skip_space();
  std::string found() const;
  uint32_t hex4();
  void escape(std::string& out);

  std::string_view text_;
  std::string origin_;
  size_t start_;
  size_t at_ = 0;
};

/// `text` as a JSON string, quotes included.
std::string json_string(std::string_view text);

} // namespace caps
