#include "models/deep_key.hpp"

#include <algorithm>
#include <string>

namespace caps {

namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+'
         || static_cast<unsigned char>(c) >= 0x80;
}

/// The end of the string that begins at `i`, of one line or several.
size_t end_of_string(std::string_view text, size_t i) {
  auto quote = text[i];
  auto is_long = text.substr(i, 3) == std::string(3, quote);
  auto close = std::string(is_long ? 3 : 1, quote);
  for (i += close.size(); i < text.size(); ++i) {
    if (text.substr(i, close.size()) == close)
      return i + close.size();
    if (text[i] == '\\' && quote == '"')
      ++i;
    else if (text[i] == '\n' && !is_long)
      return i;
  }
  return text.size();
}

text_place place_at(std::string_view text, size_t at) {
  auto before = text.substr(0, at);
  auto lines = std::ranges::count(before, '\n');
  auto last = before.rfind('\n');
  return {static_cast<size_t>(lines) + 1,
          last == std::string_view::npos ? at + 1 : at - last};
}

} // namespace

std::optional<text_place> find_deep_key(std::string_view text) {
  // A run of words with dots between them; in values it may be a number.
  size_t parts = 0, first = 0;
  auto after_dot = false;
  for (size_t i = 0; i < text.size();) {
    auto c = text[i];
    if (c == '"' || c == '\'' || is_bare(c)) {
      if (!after_dot) {
        parts = 0;
        first = i;
      }
      after_dot = false;
      if (++parts > key_parts_max)
        return place_at(text, first);
      if (is_bare(c))
        i = static_cast<size_t>(
          std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(i),
                           text.end(), is_bare)
          - text.begin());
      else
        i = end_of_string(text, i);
      continue;
    }
    if (c == '.')
      after_dot = parts > 0;
    else if (c == '#')
      i = std::min(text.find('\n', i), text.size());
    else if (c != ' ' && c != '\t')
      parts = 0, after_dot = false;
    if (i < text.size())
      ++i;
  }
  return std::nullopt;
}

} // namespace caps
