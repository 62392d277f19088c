#include "runtime/cli/commands.hpp"

#include "runtime/cli/arithmetic_choice.hpp"
#include "runtime/cli/json_output.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/report/sample.hpp"
#include "runtime/report/stopwatch.hpp"
#include "runtime/run/plan.hpp"
#include "runtime/scenario/reader.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>

namespace caps {

namespace {

/// One line of the table.
struct line {
  std::string name;
  std::filesystem::path scenario;
  sample mean_accuracy, worst_accuracy, test_loss, distance;
  sample bytes, virtual_seconds, wall_seconds;
  /// Why a run of it failed; empty if none did.
  std::string failure;
};

nlohmann::json read_json(const std::filesystem::path& file) {
  std::ifstream in{file};
  return nlohmann::json::parse(in);
}

void add(sample& to, const nlohmann::json& x) {
  if (x.is_number())
    to.add(x.get<double>());
}

/// Over the nodes whose parameters were measured: no workers.
nlohmann::json mean_test_loss(const nlohmann::json& summary) {
  sample losses;
  for (const auto& node : summary.at("nodes"))
    add(losses, node.at("test_loss"));
  return losses.empty() ? nlohmann::json{} : nlohmann::json(losses.mean());
}

void add_run(line& to, const nlohmann::json& summary) {
  add(to.mean_accuracy, summary.at("mean_test_acc"));
  add(to.worst_accuracy, summary.at("worst_test_acc"));
  add(to.test_loss, mean_test_loss(summary));
  add(to.distance, summary.at("consensus_distance"));
  add(to.bytes, summary.at("bytes_sent"));
  add(to.virtual_seconds, summary.at("virtual_seconds"));
  add(to.wall_seconds, summary.at("wall_seconds"));
}

json_object json_line(const line& x) {
  return {{"name", x.name},
          {"scenario", x.scenario.string()},
          {"mean_test_acc", json_sample(x.mean_accuracy)},
          {"worst_test_acc", json_sample(x.worst_accuracy)},
          {"test_loss", json_sample(x.test_loss)},
          {"consensus_distance", json_sample(x.distance)},
          {"bytes_sent", json_sample(x.bytes)},
          {"virtual_seconds", json_sample(x.virtual_seconds)},
          {"wall_seconds", json_sample(x.wall_seconds)},
          {"error", x.failure.empty() ? json_object(nullptr)
                                      : json_object(x.failure)}};
}

std::string row(const line& x) {
  auto bytes = x.bytes.empty() ? "-" : human_bytes(x.bytes.mean());
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |{}\n", x.name,
                     x.mean_accuracy.text(100, 2),
                     x.worst_accuracy.text(100, 2), x.test_loss.text(1, 4),
                     x.distance.text(1, 4), bytes, x.virtual_seconds.text(1, 1),
                     x.wall_seconds.text(1, 1),
                     x.failure.empty() ? "" : " failed: " + x.failure);
}

} // namespace

exit_code compare_command(const cli_options& options, const components& known) {
  const auto& interrupted = watch_interrupts();
  // A wrong scenario is told of before the first run, not after hours.
  setup_phase setup{{&interrupted, !options.quiet}};
  std::optional<std::string> arithmetic;
  for (const auto& file : options.scenarios) {
    setup.begin("reading the scenarios");
    auto loaded = load_scenario(file, options.all_settings(), known);
    // One program computes in one way.
    if (arithmetic.value_or(loaded.content.arithmetic)
        != loaded.content.arithmetic)
      throw input_error(fmt::format("{}: arithmetic is \"{}\" here and \"{}\" "
                                    "in the scenarios before; one for all "
                                    "with --set arithmetic=...",
                                    file.string(), loaded.content.arithmetic,
                                    *arithmetic));
    arithmetic = loaded.content.arithmetic;
    use_arithmetic_of(loaded.content);
    make_plan(std::move(loaded), &setup);
  }
  setup.end();
  auto out
    = options.out.empty() ? default_output_folder("compare") : options.out;
  output_folder results{out, options.force};
  results.claim({"table.md"});
  stopwatch all;
  std::string table
    = "| scenario | mean test acc % | worst node % | test loss | consensus "
      "distance | sent | virtual s | wall s |\n"
      "|---|---|---|---|---|---|---|---|\n";
  auto say = [&](std::string_view text) {
    if (options.json)
      return;
    print_text(text);
    std::fflush(stdout);
  };
  say(table);
  auto lines = json_object::array();
  auto result = exit_code::success;
  for (const auto& file : options.scenarios) {
    line x;
    auto loaded = load_scenario(file, options.all_settings(), known);
    x.name = loaded.content.name;
    x.scenario = file;
    for (int64_t i = 0; i < options.seeds && !interrupted; ++i) {
      auto run = options;
      run.scenario = file;
      run.seed = loaded.content.seed + i;
      run.out = folder_inside(out, fmt::format("{}-seed{}", x.name, *run.seed));
      run.quiet = true;
      run.json = false;
      results.claim({run.out.filename().string()});
      auto code = run_command(run, known);
      results.keep();
      auto summary = read_json(run.out / "summary.json");
      if (code != exit_code::success) {
        result = code;
        x.failure = summary.at("error").get<std::string>();
      } else {
        add_run(x, summary);
      }
    }
    auto text = row(x);
    table += text;
    say(text);
    lines.push_back(json_line(x));
    if (interrupted)
      break;
  }
  write_file(out / "table.md", table);
  if (interrupted)
    result = exit_code::interrupted;
  if (options.json)
    print_json({{"folder", out.string()},
                {"exit_code", static_cast<int>(result)},
                {"wall_seconds", all.seconds()},
                {"scenarios", lines}});
  else
    print("\n{} in all; runs and table.md in {}\n",
          human_seconds(all.seconds()), out.string());
  return result;
}

} // namespace caps
