#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace caps {

/// Parts a dotted key of TOML may have: "a.b.c" has three. Each part is a table
/// within another one, and whoever walks through tables within tables (their
/// destructors do) needs stack for each.
inline constexpr size_t key_parts_max = 16;

/// Where a key begins, counted from 1.
struct text_place {
  size_t line = 1;
  size_t column = 1;
};

/// The first key of more than `key_parts_max` parts in a TOML document, so that
/// it can be refused before it is parsed. Documents that are no TOML are left
/// to the parser.
std::optional<text_place> find_deep_key(std::string_view toml);

} // namespace caps
