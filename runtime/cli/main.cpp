#include "models/errors.hpp"
#include "models/threads.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/options.hpp"
#include "runtime/scenario/documentation.hpp"

#include <fmt/format.h>

#include <exception>

namespace {

caps::exit_code execute(const caps::cli_options& options) {
  auto known = caps::built_in_components();
  switch (options.what) {
    case caps::command::run:
      return caps::run_command(options, known);
    case caps::command::check:
      return caps::check_command(options, known);
    case caps::command::compare:
      return caps::compare_command(options, known);
    case caps::command::list:
      fmt::print("{}", caps::list_components(known, options.kind));
      return caps::exit_code::success;
    case caps::command::document:
      fmt::print("{}", caps::document_scenario(known));
      return caps::exit_code::success;
  }
  return caps::exit_code::failure;
}

} // namespace

int main(int argc, char** argv) {
  auto [options, code] = caps::parse_command_line(argc, argv);
  if (!options)
    return code;
  caps::pin_math_to_one_thread();
  try {
    return static_cast<int>(execute(*options));
  } catch (const caps::error& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    fmt::print(stderr, "error: {}\n", e.what());
    return static_cast<int>(caps::exit_code::failure);
  }
}
