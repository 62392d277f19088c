#pragma once

#include "runtime/components/components.hpp"

#include <string>

namespace caps {

/// Every key of a scenario with its type, default and meaning, as the Markdown
/// of scenarios/README.md.
std::string document_scenario(const components& known);

/// All entries of one kind ("protocols", "models", ..., "compressors") with
/// their options, as plain text. Throws `input_error` listing the kinds for
/// another one.
std::string list_components(const components& known, std::string_view kind);

/// The same as a JSON object.
std::string list_components_json(const components& known,
                                 std::string_view kind);

} // namespace caps
