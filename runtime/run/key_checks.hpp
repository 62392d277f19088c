#pragma once

#include "actors/node/protocol.hpp"
#include "runtime/scenario/reader.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace caps {

struct run_plan;

/// Refuses what a scenario changes of keys that its protocol makes no use of;
/// throws `input_error`. Of an included file they are dropped like the options
/// of another component, if the protocol was chosen over that file.
void settle_unused(scenario& x, const used_settings& used,
                   const source_map& places);

/// Refuses the second [[table]] of `what`, a node or an edge: entry `second`
/// after entry `first`.
[[noreturn]] void refuse_again(std::string_view table, const std::string& what,
                               size_t first, size_t second,
                               const source_map& places);

/// A line for each changed key that makes no difference to this run.
std::vector<std::string> find_idle_keys(const run_plan& plan,
                                        source_map places);

} // namespace caps
