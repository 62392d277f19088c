#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace caps {

/// Throws `input_error` unless `text` can stand between two parentheses of an
/// SQL statement: quotes and parentheses are closed, and there is no comment,
/// no parameter and no second statement.
void check_sql_text(std::string_view text);

/// Where `word` stands in SQL as a word of its own, outside of quotes and
/// parentheses; npos if it does not. Case makes no difference.
size_t find_sql_word(std::string_view text, std::string_view word);

/// The expressions of a list, without the names that are given to them with AS.
/// Commas within quotes and parentheses separate nothing.
std::vector<std::string_view> sql_expressions(std::string_view list);

} // namespace caps
