#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

namespace caps {

/// "file:line:column", or the setting of the command line; empty if neither is
/// known.
std::string place_of(const toml::source_region& region);

/// Parses a document; `origin` is its file, or "--set ..." for a setting of the
/// command line. Throws `input_error` with the place for what is no TOML, and
/// for keys of more parts than the stack is sure to have room for.
toml::table parse_toml(std::string_view text, const std::string& origin);

/// What is there, for "expected ..., found ...".
std::string found(const toml::node& x);

} // namespace caps
