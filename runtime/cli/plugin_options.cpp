#include "runtime/cli/plugin_options.hpp"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <fstream>
#include <string>

namespace caps {

namespace {

/// Asks at the terminal itself: standard input may bring commands.
bool ask_to_load(const std::string& recording, const std::string& plugin) {
  if (isatty(STDIN_FILENO) == 0)
    return false;
  std::fstream terminal{"/dev/tty", std::ios::in | std::ios::out};
  if (!terminal)
    return false;
  terminal << recording << " was made with the plug-in " << plugin
           << ",\nwhose code would run in this program. Load it? [y/N] "
           << std::flush;
  std::string answer;
  std::getline(terminal, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

} // namespace

void add_plugin_option(CLI::App& to, cli_options& result) {
  to.add_option("--plugin", result.plugins,
                "a shared library with further components; repeatable")
    ->type_name("PATH")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
}

void add_consent_options(CLI::App& to, cli_options& result) {
  add_plugin_option(to, result);
  to.add_flag("--trust", result.trust,
              "load the plug-ins that the recording names without asking");
}

plugin_consent consent_of(const cli_options& options) {
  if (options.trust)
    return [](const std::string&) { return true; };
  return [recording = options.recording.string()](const std::string& plugin) {
    return ask_to_load(recording, plugin);
  };
}

} // namespace caps
