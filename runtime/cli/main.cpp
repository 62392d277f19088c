#include "models/errors.hpp"
#include "models/memory.hpp"
#include "models/threads.hpp"
#include "runtime/cli/cluster_command.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/options.hpp"
#include "runtime/cli/replay_command.hpp"
#include "runtime/plugin/loader.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/scenario/documentation.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <thread>

namespace {

caps::exit_code execute(const caps::cli_options& options) {
  auto known = caps::built_in_components();
  for (const auto& file : options.plugins)
    known = caps::with_plugin(known, file);
  switch (options.what) {
    case caps::command::run:
      return caps::run_command(options, known);
    case caps::command::check:
      return caps::check_command(options, known);
    case caps::command::compare:
      return caps::compare_command(options, known);
    case caps::command::study:
      return caps::study_command(options, known);
    case caps::command::list:
      caps::print_text(options.json
                         ? caps::list_components_json(known, options.kind)
                         : caps::list_components(known, options.kind));
      caps::flush_standard_output();
      return caps::exit_code::success;
    case caps::command::verify:
      return caps::verify_command(options);
    case caps::command::merge:
      return caps::merge_command(options);
    case caps::command::fork:
      return caps::fork_command(options, known);
    case caps::command::diff:
      return caps::diff_command(options);
    case caps::command::replay:
      return caps::replay_command(options, known);
    case caps::command::conform:
      return caps::conform_command(options, known);
    case caps::command::storm:
      return caps::storm_command(options, known);
    case caps::command::cluster:
      return caps::cluster_command(options);
    case caps::command::join:
      return caps::join_command(options);
    case caps::command::status:
      return caps::status_command(options);
    case caps::command::document:
      return caps::document_command(options, known);
  }
  return caps::exit_code::failure;
}

/// What cannot even be said here is lost.
void complain(const std::exception& e) {
  std::fputs(fmt::format("error: {}\n", e.what()).c_str(), stderr);
}

} // namespace

int main(int argc, char** argv) {
  caps::fill_standard_streams();
  auto [options, code] = caps::parse_command_line(argc, argv);
  if (!options)
    return code;
  caps::explain_termination();
  caps::keep_freed_memory();
  try {
    caps::ensure_threads(0, std::thread::hardware_concurrency());
    caps::pin_math_to_one_thread();
    return static_cast<int>(execute(*options));
  } catch (const caps::error& e) {
    complain(e);
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    complain(e);
    return static_cast<int>(caps::exit_code::failure);
  }
}
