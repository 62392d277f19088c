#pragma once

#include "runtime/scenario/scenario.hpp"

#include <string>

namespace caps {

/// The scenario as TOML with every key written out, so that it says what was
/// run even when defaults change. Reading it gives the same scenario.
std::string to_toml(scenario& x);

/// A quoted TOML string.
std::string toml_string(std::string_view text);

} // namespace caps
