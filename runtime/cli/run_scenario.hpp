#pragma once

#include "runtime/cli/options.hpp"
#include "runtime/cluster/job.hpp"
#include "runtime/components/components.hpp"
#include "runtime/scenario/reader.hpp"

#include <optional>

namespace caps {

/// The scenario of a run with everything that the command line changes in it.
/// Throws `input_error` for what does not fit together. May begin the program
/// anew, as `use_arithmetic_of` does.
loaded_scenario load_run(const cli_options& options, const components& known);

/// The hosts of a run, if it is for several; throws `input_error` for what does
/// not fit together.
///
/// @param where what `job_of` says
std::optional<hosts_file> hosts_of(const cli_options& options,
                                   const std::optional<job>& where);

} // namespace caps
