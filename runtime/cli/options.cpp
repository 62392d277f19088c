#include "runtime/cli/options.hpp"

#include "models/errors.hpp"
#include "runtime/cli/plugin_options.hpp"
#include "runtime/cli/replay_command.hpp"
#include "runtime/process/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <thread>

namespace caps {

namespace {

constexpr auto description
  = "Trains a neural network across many nodes, as one scenario file says.";

constexpr auto footer = R"(
Exit codes: 0 done, 1 fault of the machine, 2 wrong scenario or command line,
3 data missing or damaged, 4 diverged, 5 a node was lost or waited too long,
130 interrupted (everything computed so far is kept).

Examples:
  caps_runtime --scenario scenarios/ring3.toml
  caps_runtime --scenario scenarios/ring3.toml --set optimizer.lr=0.05 --seed 7
  caps_runtime --scenario scenarios/ring3.toml --processes 3
  caps_runtime check scenarios/ring3.toml
  caps_runtime compare scenarios/seeds/p2p/ring8-small/*.toml
  caps_runtime study scenarios/seeds/ps/delays.study.toml --jobs 2
  caps_runtime list protocols
  caps_runtime conform my_protocol.so --protocol my_protocol
  caps_runtime replay runs/ring3/run.caps
  caps_runtime verify runs/ring3/run.caps
  caps_runtime fork runs/ring3/run.caps --at 5000 --set link.drop=0.2)";

} // namespace

std::vector<std::string> cli_options::all_settings() const {
  auto result = settings;
  if (seed)
    result.push_back(fmt::format("seed={}", *seed));
  if (!clock.empty())
    result.push_back(fmt::format("clock.kind=\"{}\"", clock));
  if (!record.empty())
    result.push_back(fmt::format("recording.level=\"{}\"", record));
  return result;
}

size_t cli_options::thread_count() const {
  return threads > 0 ? threads
                     : std::max<size_t>(1, std::thread::hardware_concurrency());
}

parsed_command_line parse_command_line(int argc, char** argv) {
  cli_options result;
  CLI::App app{description};
  app.footer(footer);
  app.set_version_flag("--version", version_text());
  app.require_subcommand(0, 1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);

  auto scenario = app.add_option("--scenario", result.scenario,
                                 "the scenario to run (TOML)");
  app.add_option("--out", result.out,
                 "folder for the results [runs/<scenario>-<time>]");
  app.add_flag("--force", result.force,
               "replace the results in --out; all else in it is left alone");
  app.add_option("--seed", result.seed, "as --set seed=N");
  app.add_option("--clock", result.clock, "as --set clock.kind=...")
    ->check(CLI::IsMember({"virtual", "real"}));
  app.add_option("--record", result.record, "as --set recording.level=...")
    ->check(CLI::IsMember({"off", "metrics", "events", "payloads"}));
  app
    .add_option("--set", result.settings,
                "key=value over what the scenario says; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  add_plugin_option(app, result);
  app
    .add_option("--processes", result.processes,
                "operating-system processes to spread the nodes over; more "
                "than one needs the real clock")
    ->check(CLI::Range(1, 1024));
  app.add_option("--threads", result.threads, "compute threads [one per core]")
    ->check(CLI::Range(1, 1024));
  app.add_flag("--quiet", result.quiet, "print nothing but errors");
  app.add_flag("--json", result.json,
               "print the summary as JSON at the end, and nothing else");
  app.add_option("--log-level", result.log_level, "detail of log.txt [info]")
    ->check(CLI::IsMember(
      {"trace", "debug", "info", "warn", "error", "critical", "off"}));
  // For the processes of --processes; not for people.
  app.add_option("--join", result.join_port)->group("");
  app.add_option("--process", result.process)->group("");

  auto check = app.add_subcommand(
    "check", "checks a scenario; prints it with all its keys, and its cost");
  check->add_option("scenario", result.scenario, "the scenario")->required();
  check
    ->add_option("--set", result.settings,
                 "key=value over what the scenario says; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  add_plugin_option(*check, result);

  auto compare = app.add_subcommand(
    "compare", "runs several scenarios and prints their results as a table");
  compare->add_option("scenarios", result.scenarios, "the scenarios")
    ->required();
  compare
    ->add_option("--set", result.settings,
                 "key=value over what every scenario says; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  compare->add_option("--out", result.out,
                      "folder for the results [runs/compare-<time>]");
  compare->add_flag("--force", result.force,
                    "replace the results in --out; all else in it is left "
                    "alone");
  compare
    ->add_option("--seeds", result.seeds,
                 "runs of each scenario, with its seed and the next ones [1]")
    ->check(CLI::Range(1, 1000));
  compare
    ->add_option("--threads", result.threads, "compute threads [one per core]")
    ->check(CLI::Range(1, 1024));
  add_plugin_option(*compare, result);

  auto study = app.add_subcommand(
    "study", "makes all runs of a study file that are not done yet and prints "
             "its tables beside the published values");
  study->add_option("study", result.scenario, "the study (TOML)")->required();
  study
    ->add_option("--set", result.settings,
                 "key=value over what every scenario says; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  study->add_option("--out", result.out,
                    "folder for the runs; those it holds are not made again "
                    "[runs/<study>]");
  study
    ->add_option("--only", result.only,
                 "run cells alone with this in their name, which is "
                 "table/row/column; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  auto study_seeds
    = study
        ->add_option("--seeds", result.seeds,
                     "only the first so many seeds of the study [all]")
        ->check(CLI::Range(1, 1000));
  study->add_option("--jobs", result.jobs, "runs at a time [1]")
    ->check(CLI::Range(1, 1024));
  study
    ->add_option("--threads", result.threads,
                 "compute threads of a run [cores / jobs]")
    ->check(CLI::Range(1, 1024));
  add_plugin_option(*study, result);

  auto list = app.add_subcommand("list", "lists what a scenario can name");
  list
    ->add_option("kind", result.kind,
                 "protocols, models, datasets, partitions, optimizers, "
                 "schedules, topologies, swaps or compressors")
    ->required();
  add_plugin_option(*list, result);

  auto conform = app.add_subcommand(
    "conform", "checks a protocol: under bad links, crashes, other threads...");
  conform->add_option("plugin", result.plugins,
                      "the shared library that brings it; none for those of "
                      "this program");
  conform->add_option("--protocol", result.protocol, "the protocol to check")
    ->required();
  conform
    ->add_option("--set", result.settings,
                 "key=value for the scenarios of all checks; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  conform->add_option("--out", result.out,
                      "folder for scenarios and results "
                      "[runs/conform-<protocol>-<time>]");
  conform->add_flag("--force", result.force,
                    "replace the results in --out; all else in it is left "
                    "alone");
  conform
    ->add_option("--limit", result.limit,
                 "seconds of the machine's time for one run [20]")
    ->check(CLI::Range(1, 3600));

  auto document = app.add_subcommand(
    "document", "prints the reference of scenarios/README.md");

  auto verify = app.add_subcommand(
    "verify", "checks a recording and names the first damaged record");
  verify->add_option("recording", result.recording, "a run.caps")->required();

  auto fork = app.add_subcommand(
    "fork", "goes on otherwise than a recorded run after one of its events");
  fork->add_option("recording", result.recording, "a run.caps")->required();
  fork->add_option("--at", result.at, "the event after which --set holds")
    ->required();
  fork
    ->add_option("--set", result.settings,
                 "key=value from there on, of [link], [edge], [fault], "
                 "[compute], [node], [optimizer], [protocol] or [schedule]; "
                 "repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  fork->add_option("--out", result.out,
                   "folder for the results [runs/<scenario>-fork-<time>]");
  add_consent_options(*fork, result);
  fork->add_flag("--from-start", result.from_start,
                 "do the way to the event again from the first event on, "
                 "instead of from the last state of the run before it");
  fork->add_flag("--force", result.force,
                 "replace the results in --out; all else in it is left alone");
  fork
    ->add_option("--threads", result.threads, "compute threads [one per core]")
    ->check(CLI::Range(1, 1024));
  fork->add_flag("--quiet", result.quiet, "print nothing but errors");
  fork->add_flag("--json", result.json,
                 "print the summary as JSON at the end, and nothing else");

  auto diff = app.add_subcommand(
    "diff", "shows where two recordings part, and their curves");
  diff->add_option("first", result.recording, "a run.caps")->required();
  diff->add_option("second", result.other_recording, "another")->required();
  diff->add_flag("--json", result.json, "print JSON");

  auto replay = add_replay_command(app, result);

  try {
    app.parse(argc, argv);
    if (study->parsed() && study_seeds->count() == 0)
      result.seeds = 0;
    if (check->parsed())
      result.what = command::check;
    else if (compare->parsed())
      result.what = command::compare;
    else if (study->parsed())
      result.what = command::study;
    else if (list->parsed())
      result.what = command::list;
    else if (conform->parsed())
      result.what = command::conform;
    else if (document->parsed())
      result.what = command::document;
    else if (verify->parsed())
      result.what = command::verify;
    else if (fork->parsed())
      result.what = command::fork;
    else if (diff->parsed())
      result.what = command::diff;
    else if (replay->parsed())
      result.what = command::replay;
    else if (scenario->count() == 0)
      throw CLI::RequiredError("--scenario");
  } catch (const CLI::Success& e) {
    return {{}, app.exit(e)};
  } catch (const CLI::ParseError& e) {
    std::cerr << "error: " << e.what() << "; see caps_runtime --help\n";
    return {{}, static_cast<int>(exit_code::bad_input)};
  }
  return {result, 0};
}

} // namespace caps
