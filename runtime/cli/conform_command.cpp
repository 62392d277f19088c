#include "runtime/cli/commands.hpp"

#include "runtime/cli/json_output.hpp"
#include "runtime/conformance/conformance.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/report/stopwatch.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

std::string_view json_word(verdict x) {
  switch (x) {
    case verdict::passed:
      return "passed";
    case verdict::failed:
      return "failed";
    case verdict::not_checked:
      return "not_checked";
  }
  return "?";
}

std::string_view word(verdict x) {
  switch (x) {
    case verdict::passed:
      return "pass";
    case verdict::failed:
      return "FAIL";
    case verdict::not_checked:
      return "-";
  }
  return "?";
}

/// As the user would make it, without a word.
exit_code run_quietly(const checked_run& x) {
  cli_options options;
  options.scenario = x.scenario;
  options.out = x.out;
  options.force = true;
  options.quiet = true;
  options.threads = x.threads;
  options.processes = x.processes;
  return run_command(options, built_in_components());
}

} // namespace

exit_code conform_command(const cli_options& options, const components& known) {
  conformance_options wanted;
  wanted.protocol = options.protocol;
  wanted.settings = options.settings;
  known.protocols->at(options.protocol);
  output_folder results{options.out.empty()
                          ? default_output_folder("conform-" + options.protocol)
                          : options.out,
                        options.force};
  wanted.folder = results.path();
  wanted.claim = [&](const std::vector<std::string>& names) {
    results.claim(names);
  };
  wanted.limit = std::chrono::seconds{options.limit};
  wanted.run = run_quietly;
  stopwatch all;
  if (!options.json)
    print("{}: scenarios and results in {}\n\n{:<31}{:<7}{}\n",
          options.protocol, wanted.folder.string(), "check", "", "found");
  std::vector<std::string> commands;
  auto checks = json_object::array();
  check_conformance(wanted, known, [&](const conformance_check& x) {
    auto failed = x.result == verdict::failed;
    checks.push_back({{"name", x.name},
                      {"result", json_word(x.result)},
                      {"found", x.finding},
                      {"command", failed ? json_object(x.command)
                                         : json_object(nullptr)}});
    results.keep();
    if (failed)
      commands.push_back(fmt::format("{}:\n  {}\n", x.name, x.command));
    if (options.json)
      return;
    print("{:<31}{:<7}{}\n", x.name, word(x.result), x.finding);
    std::fflush(stdout);
  });
  auto code = commands.empty() ? exit_code::success : exit_code::failure;
  if (options.json) {
    print_json({{"protocol", options.protocol},
                {"folder", wanted.folder.string()},
                {"checks", checks},
                {"failed", commands.size()},
                {"wall_seconds", all.seconds()}});
    return code;
  }
  print("\n{} of {} checks failed; {:.1f} s\n", commands.size(),
        checks.size(), all.seconds());
  for (const auto& x : commands)
    print("\n{}", x);
  flush_standard_output();
  return code;
}

} // namespace caps
