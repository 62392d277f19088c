#pragma once

#include "models/errors.hpp"
#include "runtime/cli/options.hpp"

namespace caps {

/// --hosts and --head-only, for a run.
void add_hosts_options(CLI::App& to, cli_options& result);

/// The commands `cluster`, `join` and `status`.
void add_cluster_commands(CLI::App& app, cli_options& result);

/// Makes a cluster, or a token for a host that is to be taken in.
exit_code cluster_command(const cli_options& options);

/// Takes part in the runs of a head.
exit_code join_command(const cli_options& options);

/// Prints what a run on hosts is at.
exit_code status_command(const cli_options& options);

} // namespace caps
