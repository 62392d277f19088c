#pragma once

#include "runtime/run_file/recording_file.hpp"
#include "runtime/scenario/scenario.hpp"

#include <optional>
#include <string>

namespace caps {

// Each may begin the program anew (see `select_arithmetic`): nothing may have
// been written yet.

/// Makes this process compute as the scenario says, if it can; else no plan can
/// be made of it.
void use_arithmetic_of(const scenario& x);

/// Makes this process compute as the recorded run did. Where that cannot be, it
/// says both; nothing for a recording that does not tell.
std::optional<std::string> use_arithmetic_of(recording_file& file);

} // namespace caps
