#pragma once

#include "models/errors.hpp"
#include "runtime/cli/options.hpp"
#include "runtime/components/components.hpp"

namespace CLI {
class App;
} // namespace CLI

namespace caps {

/// Adds the sub-command `replay`, whose options end up in `to`.
void add_replay_command(CLI::App& app, cli_options& to);

/// Walks through a recording, at a prompt or by the commands given; or runs it
/// again (`--verify`).
exit_code replay_command(const cli_options& options, const components& known);

} // namespace caps
