#include "runtime/cli/replay_command.hpp"

#include "models/options.hpp"
#include "runtime/cli/arithmetic_choice.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/plugin_options.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/rerun_states.hpp"
#include "runtime/replay/prompt.hpp"
#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace caps {

namespace {

/// The states of a recording that is run again as far as somebody asks.
class states_on_demand final : public node_states {
public:
  states_on_demand(recording_file& file, const components& known,
                   const cli_options& options)
    : file_(file),
      plan_(plan_of(file, known, consent_of(options))),
      threads_(options.thread_count()) {}

  std::optional<node_state> find(state_kind kind, int64_t node,
                                 int64_t position) override {
    if (!again_)
      again_.emplace(file_, plan_, rerun_states::options{.threads = threads_});
    try {
      return again_->find(kind, node, position);
    } catch (...) {
      again_.reset(); // stopped somewhere in the middle
      throw;
    }
  }

private:
  recording_file& file_;
  run_plan plan_;
  size_t threads_;
  std::optional<rerun_states> again_;
};

} // namespace

void add_replay_command(CLI::App& app, cli_options& to) {
  auto replay = app.add_subcommand(
    "replay", "walks through a recorded run, at a prompt or by commands");
  replay->add_option("recording", to.recording, "a run.caps")
    ->required()
    ->type_name("PATH");
  auto commands
    = replay
        ->add_option("--command", to.commands,
                     "a command of the prompt, such as \"until staleness > "
                     "4\"; repeatable; without any, commands come from "
                     "standard input")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  replay->add_flag("--json", to.json, "print every answer as one JSON object");
  replay->add_option("--time-limit", to.time_limit,
                     "longest time a command may take [10min]");
  auto verify
    = replay
        ->add_flag("--verify", to.verify,
                   "run it again and compare every event with the record")
        ->excludes(commands);
  replay
    ->add_option("--resume-at", to.resume_at,
                 "after this event, go on with new nodes that are given the "
                 "state of the old ones")
    ->needs(verify)
    ->check(CLI::PositiveNumber);
  add_consent_options(*replay, to);
  replay->add_option("--threads", to.threads, "compute threads [one per core]")
    ->check(CLI::Range(1, 1024));
  replay->footer("The command 'help' lists all commands; 'help <command>' "
                 "explains one.");
}

exit_code replay_command(const cli_options& options, const components& known) {
  if (options.verify)
    return replay_check_command(options, known);
  outlive_readers();
  recording_file file{options.recording};
  auto differs = use_arithmetic_of(file);
  snapshot_states states{file};
  session walk{file, states};
  walk.offer([&] {
    if (differs)
      std::fputs(fmt::format("warning: {}\n", *differs).c_str(), stderr);
    return std::make_unique<states_on_demand>(file, known, options);
  });
  if (!options.time_limit.empty())
    walk.limit(parse_duration(options.time_limit));
  auto format = options.json ? answer_format::json : answer_format::text;
  if (!options.commands.empty())
    run_lines(walk, options.commands, format, stdout);
  else if (isatty(STDIN_FILENO) != 0)
    run_prompt(walk, format);
  else
    run_lines(walk, std::cin, format, stdout);
  return exit_code::success;
}

} // namespace caps
