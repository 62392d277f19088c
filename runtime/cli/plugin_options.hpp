#pragma once

#include "runtime/cli/options.hpp"
#include "runtime/recording/recorded_plan.hpp"

namespace CLI {
class App;
} // namespace CLI

namespace caps {

/// What every command takes that knows components by name: --plugin.
void add_plugin_option(CLI::App& to, cli_options& result);

/// What every command takes that runs a recording again: --plugin and --trust.
void add_consent_options(CLI::App& to, cli_options& result);

/// Who decides whether plug-ins that a recording names are loaded: --trust does
/// for all of them; else whoever sits at the terminal is asked, and without one
/// none is.
plugin_consent consent_of(const cli_options& options);

} // namespace caps
