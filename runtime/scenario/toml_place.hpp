#pragma once

#include <toml++/toml.h>

#include <string>

namespace caps {

/// "file:line:column", or the setting of the command line; empty if neither is
/// known.
std::string place_of(const toml::source_region& region);

/// What is there, for "expected ..., found ...".
std::string found(const toml::node& x);

} // namespace caps
