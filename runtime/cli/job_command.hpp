#pragma once

#include "runtime/cli/options.hpp"
#include "runtime/cluster/host_service.hpp"
#include "runtime/cluster/job.hpp"

#include <optional>

namespace caps {

/// What says that a scheduler has started this program on all hosts of a run.
void add_job_options(CLI::App& to, cli_options& result);

/// The same for `join`, which needs not know how many pods there are.
void add_join_job_options(CLI::App& to, cli_options& result);

/// Where a scheduler has started this process, if it has. Throws `input_error`
/// for options that are at odds, or if there is no such job.
std::optional<job> job_of(const cli_options& options);

/// Takes part in runs as a host of a job that is not its head. `how` says all
/// but head and identity, which lasts as long as this.
void join_job(const job& where, const cli_options& options,
              host_service_settings how);

} // namespace caps
