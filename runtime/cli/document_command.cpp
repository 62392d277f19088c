#include "runtime/cli/command_reference.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/process/version.hpp"
#include "runtime/scenario/documentation.hpp"

#include <CLI/CLI.hpp>

namespace caps {

namespace {

std::string document_text(const std::string& what, const components& known) {
  if (what == "scenario")
    return document_scenario(known);
  CLI::App app;
  cli_options unused;
  describe_command_line(app, unused);
  auto commands = describe_commands(app);
  if (what == "bash")
    return bash_completion(commands);
  if (what == "zsh")
    return zsh_completion(commands);
  return manual_page(commands, version_text(), app.get_footer());
}

} // namespace

exit_code document_command(const cli_options& options,
                           const components& known) {
  print_text(document_text(options.document, known));
  flush_standard_output();
  return exit_code::success;
}

} // namespace caps
