#include "runtime/replay/sql_text.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace caps {

namespace {

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool in_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// The end of the quoted text or name that begins at `at`; npos if it does not
/// end. A doubled quote looks like the end and the next beginning.
size_t skip_quoted(std::string_view text, size_t at) {
  auto end = text.find(text[at] == '[' ? ']' : text[at], at + 1);
  return end == std::string_view::npos ? end : end + 1;
}

bool begins_quoted(char c) {
  return c == '\'' || c == '"' || c == '`' || c == '[';
}

} // namespace

void check_sql_text(std::string_view text) {
  auto refuse = [&](const std::string& what) {
    return input_error(fmt::format("cannot understand '{}': {}", text, what));
  };
  size_t depth = 0;
  for (size_t i = 0; i < text.size();) {
    auto c = text[i];
    if (begins_quoted(c)) {
      i = skip_quoted(text, i);
      if (i == std::string_view::npos)
        throw refuse(fmt::format("a {} is not closed", c));
      continue;
    }
    if (c == '(')
      ++depth;
    if (c == ')' && depth-- == 0)
      throw refuse("there is a ) without a (");
    if (c == ';' || c == '?' || c == ':' || c == '@' || c == '$' || c == '#')
      throw refuse(fmt::format("a {} has no place in an expression", c));
    if (text.substr(i).starts_with("--") || text.substr(i).starts_with("/*"))
      throw refuse("a comment has no place in an expression");
    ++i;
  }
  if (depth > 0)
    throw refuse("a ( is not closed");
}

size_t find_sql_word(std::string_view text, std::string_view word) {
  size_t depth = 0;
  for (size_t i = 0; i < text.size();) {
    auto c = text[i];
    if (begins_quoted(c)) {
      i = skip_quoted(text, i);
      continue; // npos ends the loop
    }
    if (in_word(c)) {
      auto end = i;
      while (end < text.size() && in_word(text[end]))
        ++end;
      if (depth == 0
          && std::ranges::equal(text.substr(i, end - i), word, {}, lower,
                                lower))
        return i;
      i = end;
      continue;
    }
    if (c == '(')
      ++depth;
    if (c == ')' && depth > 0)
      --depth;
    ++i;
  }
  return std::string_view::npos;
}

std::vector<std::string_view> sql_expressions(std::string_view list) {
  std::vector<std::string_view> result;
  size_t depth = 0, first = 0;
  auto take = [&](size_t end) {
    auto x = list.substr(first, end - first);
    result.push_back(x.substr(0, find_sql_word(x, "as")));
    first = end + 1;
  };
  for (size_t i = 0; i < list.size();) {
    auto c = list[i];
    if (begins_quoted(c)) {
      i = std::min(skip_quoted(list, i), list.size());
      continue;
    }
    depth += c == '(';
    depth -= c == ')' && depth > 0;
    if (c == ',' && depth == 0)
      take(i);
    ++i;
  }
  take(list.size());
  return result;
}

} // namespace caps
