#pragma once

#include <cstddef>
#include <string_view>

namespace caps {

/// Throws `input_error` unless `text` can stand between two parentheses of an
/// SQL statement: quotes and parentheses are closed, and there is no comment,
/// no parameter and no second statement.
void check_sql_text(std::string_view text);

/// Where `word` stands in SQL as a word of its own, outside of quotes and
/// parentheses; npos if it does not. Case makes no difference.
size_t find_sql_word(std::string_view text, std::string_view word);

} // namespace caps
