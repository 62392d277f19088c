#include "runtime/cli/options.hpp"

#include "models/errors.hpp"
#include "runtime/cli/cluster_command.hpp"
#include "runtime/cli/job_command.hpp"
#include "runtime/cli/plugin_options.hpp"
#include "runtime/cli/replay_command.hpp"
#include "runtime/process/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <map>
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
  caps_runtime --scenario scenarios/ring3.toml --hosts hosts.toml
  caps_runtime check scenarios/ring3.toml
  caps_runtime compare scenarios/seeds/p2p/ring8-small/*.toml
  caps_runtime study scenarios/seeds/ps/delays.study.toml --jobs 2
  caps_runtime list protocols
  caps_runtime conform my_protocol.so --protocol my_protocol
  caps_runtime storm scenarios/dsgd.toml --runs 10000 --jobs 2
  caps_runtime replay runs/ring3/run.caps
  caps_runtime verify runs/ring3/run.caps
  caps_runtime fork runs/ring3/run.caps --at 5000 --set link.drop=0.2)";

const std::map<std::string, command> commands{
  {"check", command::check},     {"compare", command::compare},
  {"study", command::study},     {"list", command::list},
  {"conform", command::conform}, {"document", command::document},
  {"verify", command::verify},   {"fork", command::fork},
  {"diff", command::diff},       {"replay", command::replay},
  {"cluster", command::cluster}, {"join", command::join},
  {"status", command::status},   {"storm", command::storm},
  {"merge", command::merge},
};

void add_settings_option(CLI::App& to, cli_options& result,
                         const std::string& text) {
  to.add_option("--set", result.settings, text)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
}

void add_threads_option(CLI::App& to, cli_options& result) {
  to.add_option("--threads", result.threads, "compute threads [one per core]")
    ->check(CLI::Range(1, 1024));
}

void add_force_option(CLI::App& to, cli_options& result) {
  to.add_flag("--force", result.force,
              "replace the results in --out; all else in it is left alone");
}

void add_json_option(CLI::App& to, cli_options& result) {
  to.add_flag("--json", result.json, "print one JSON object at the end");
}

/// What changes a scenario for a run, or for a check of that run.
void add_override_options(CLI::App& to, cli_options& result) {
  to.add_option("--seed", result.seed, "as --set seed=N");
  to.add_option("--clock", result.clock, "as --set clock.kind=...")
    ->check(CLI::IsMember({"virtual", "real"}));
  to.add_option("--record", result.record, "as --set recording.level=...")
    ->check(CLI::IsMember({"off", "metrics", "events", "payloads"}));
  add_settings_option(to, result,
                      "key=value over what the scenario says; repeatable");
  add_plugin_option(to, result);
  to.add_option("--processes", result.processes,
                "operating-system processes to spread the nodes over; more "
                "than one needs the real clock")
    ->check(CLI::Range(1, 1024));
  add_hosts_options(to, result);
  add_job_options(to, result);
  add_threads_option(to, result);
}

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

void describe_command_line(CLI::App& app, cli_options& result) {
  app.name("caps_runtime");
  app.description(description);
  app.footer(footer);
  app.set_version_flag("--version", long_version_text);
  app.require_subcommand(0, 1);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);

  app.add_option("--scenario", result.scenario, "the scenario to run (TOML)")
    ->type_name("PATH");
  app
    .add_option("--out", result.out,
                "folder for the results [runs/<scenario>-<time>]")
    ->type_name("PATH");
  add_force_option(app, result);
  add_override_options(app, result);
  app.add_option("--metrics", result.metrics_port,
                 "port of this machine where Prometheus may ask for /metrics "
                 "while the run goes on");
  app.add_flag("--quiet", result.quiet, "print nothing but errors");
  app.add_flag("--json", result.json,
               "print the summary as JSON at the end, and nothing else");
  app.add_option("--log-level", result.log_level, "detail of log.txt [info]")
    ->check(CLI::IsMember(
      {"trace", "debug", "info", "warn", "error", "critical", "off"}));
  // For the processes of --processes; not for people.
  app.add_option("--join", result.join_file)->group("");

  auto check = app.add_subcommand(
    "check", "checks a scenario; prints it with all its keys, and its cost");
  check->add_option("scenario", result.scenario, "the scenario")
    ->required()
    ->type_name("PATH");
  add_override_options(*check, result);
  add_json_option(*check, result);

  auto compare = app.add_subcommand(
    "compare", "runs several scenarios and prints their results as a table");
  compare->add_option("scenarios", result.scenarios, "the scenarios")
    ->required()
    ->type_name("PATH");
  add_settings_option(*compare, result,
                      "key=value over what every scenario says; repeatable");
  compare
    ->add_option("--out", result.out,
                 "folder for the results [runs/compare-<time>]")
    ->type_name("PATH");
  add_force_option(*compare, result);
  compare
    ->add_option("--seeds", result.seeds,
                 "runs of each scenario, with its seed and the next ones [1]")
    ->check(CLI::Range(1, 1000));
  add_threads_option(*compare, result);
  add_plugin_option(*compare, result);
  add_json_option(*compare, result);

  auto study = app.add_subcommand(
    "study", "makes all runs of a study file that are not done yet and prints "
             "its tables beside the published values");
  study->add_option("study", result.scenario, "the study (TOML)")
    ->required()
    ->type_name("PATH");
  add_settings_option(*study, result,
                      "key=value over what every scenario says; repeatable");
  study
    ->add_option("--out", result.out,
                 "folder for the runs; those it holds are not made again "
                 "[runs/<study>]")
    ->type_name("PATH");
  study
    ->add_option("--only", result.only,
                 "run cells alone with this in their name, which is "
                 "table/row/column; repeatable")
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
    ->allow_extra_args(false);
  study
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
  add_json_option(*study, result);

  auto list = app.add_subcommand("list", "lists what a scenario can name");
  list->add_option("kind", result.kind, "of what")
    ->required()
    ->type_name("{protocols,models,datasets,partitions,optimizers,schedules,"
                "topologies,swaps,compressors}");
  add_plugin_option(*list, result);
  add_json_option(*list, result);

  auto conform = app.add_subcommand(
    "conform", "checks a protocol: under bad links, crashes, other threads...");
  conform
    ->add_option("plugin", result.plugins,
                 "the shared library that brings it; none for those of this "
                 "program")
    ->type_name("PATH");
  conform->add_option("--protocol", result.protocol, "the protocol to check")
    ->required();
  add_settings_option(*conform, result,
                      "key=value for the scenarios of all checks; repeatable");
  conform
    ->add_option("--out", result.out,
                 "folder for scenarios and results "
                 "[runs/conform-<protocol>-<time>]")
    ->type_name("PATH");
  add_force_option(*conform, result);
  conform
    ->add_option("--limit", result.limit,
                 "seconds of the machine's time for one run [20]")
    ->check(CLI::Range(1, 3600));
  add_json_option(*conform, result);

  auto storm = app.add_subcommand(
    "storm", "runs a scenario's protocol under random faults, many times, and "
             "looks whether a rule is broken");
  storm->add_option("scenario", result.scenario, "the scenario (TOML)")
    ->required()
    ->type_name("PATH");
  add_settings_option(*storm, result,
                      "key=value over what the scenario says; repeatable");
  storm
    ->add_option("--runs", result.runs, "runs, each with other faults [1000]")
    ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
  storm
    ->add_option("--first-seed", result.first_seed,
                 "of the first run; the others have the next ones [1]")
    ->check(CLI::Range(int64_t{0}, int64_t{1'000'000'000'000}));
  storm
    ->add_option("--faults", result.faults,
                 "which of the faults drawn for a seed befall: 2,5 [all]")
    ->delimiter(',')
    ->check(CLI::Range(1, 100));
  storm->add_option("--jobs", result.jobs, "runs at a time [1]")
    ->check(CLI::Range(1, 1024));
  add_plugin_option(*storm, result);
  add_json_option(*storm, result);

  auto document = app.add_subcommand(
    "document", "prints a reference of scenarios or of the command line");
  document
    ->add_option("what", result.document,
                 "scenario: all keys, as in scenarios/README.md; man: the "
                 "manual page; bash, zsh: completion of the command line")
    ->check(CLI::IsMember({"scenario", "man", "bash", "zsh"}));

  auto verify = app.add_subcommand(
    "verify", "checks a recording and names the first damaged record");
  verify->add_option("recording", result.recording, "a run.caps")
    ->required()
    ->type_name("PATH");
  add_json_option(*verify, result);

  auto fork = app.add_subcommand(
    "fork", "goes on otherwise than a recorded run after one of its events");
  fork->add_option("recording", result.recording, "a run.caps")
    ->required()
    ->type_name("PATH");
  fork->add_option("--at", result.at, "the event after which --set holds")
    ->required();
  add_settings_option(*fork, result,
                      "key=value from there on, of [link], [edge], [fault], "
                      "[compute], [node], [optimizer], [protocol] or "
                      "[schedule]; repeatable");
  fork
    ->add_option("--out", result.out,
                 "folder for the results [runs/<scenario>-fork-<time>]")
    ->type_name("PATH");
  add_consent_options(*fork, result);
  fork->add_flag("--from-start", result.from_start,
                 "do the way to the event again from the first event on, "
                 "instead of from the last state of the run before it");
  add_force_option(*fork, result);
  add_threads_option(*fork, result);
  fork->add_flag("--quiet", result.quiet, "print nothing but errors");
  fork->add_flag("--json", result.json,
                 "print the summary as JSON at the end, and nothing else");

  auto diff = app.add_subcommand(
    "diff", "shows where two recordings part, and their curves");
  diff->add_option("first", result.recording, "a run.caps")
    ->required()
    ->type_name("PATH");
  diff->add_option("second", result.other_recording, "another")
    ->required()
    ->type_name("PATH");
  add_json_option(*diff, result);

  auto merge = app.add_subcommand(
    "merge", "makes one recording of those that the processes of a run that "
             "was cut off have left among its results");
  merge->add_option("part", result.parts, "what a process has recorded")
    ->required()
    ->type_name("PATH");
  merge->add_option("--out", result.out, "the recording [run.caps]")
    ->type_name("PATH");
  merge->add_flag("--force", result.force, "replace a file that is there");
  add_json_option(*merge, result);

  add_replay_command(app, result);
  add_cluster_commands(app, result);
}

parsed_command_line parse_command_line(int argc, char** argv) {
  cli_options result;
  CLI::App app;
  describe_command_line(app, result);
  try {
    app.parse(argc, argv);
    for (const auto& [name, what] : commands)
      if (app.got_subcommand(name))
        result.what = what;
    if (result.what == command::study
        && app.get_subcommand("study")->count("--seeds") == 0)
      result.seeds = 0;
    if (result.what == command::run && app.count("--scenario") == 0)
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
