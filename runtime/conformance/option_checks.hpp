#pragma once

#include "actors/node/protocol.hpp"

#include <cstddef>
#include <string>

namespace caps {

/// What is wrong with the options of a component.
struct option_problem {
  /// Number of options seen.
  size_t options = 0;
  /// The first problem, in one line; empty if there is none.
  std::string text;
};

/// Every option has a text that explains it, every number bounds that refuse
/// something, and every default is within them.
option_problem problem_of_options(protocol_recipe& recipe);

} // namespace caps
