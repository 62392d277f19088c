#pragma once

#include "runtime/report/sample.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace caps {

/// What `--json` prints: keys in the order in which they were added.
using json_object = nlohmann::ordered_json;

/// Null for a number that does not exist.
json_object json_number(const std::optional<double>& x);

/// `runs`, `mean` and `deviation`, of which those that need more runs are null.
json_object json_sample(const sample& x);

/// Prints the one object of a command to standard output, and throws `error` if
/// it did not get out.
void print_json(const json_object& x);

} // namespace caps
