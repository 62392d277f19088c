#include "models/file_text.hpp"
#include "runtime/cli/arithmetic_choice.hpp"
#include "runtime/cli/commands.hpp"
#include "runtime/cli/json_output.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/jobs.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/report/sample.hpp"
#include "runtime/report/stopwatch.hpp"
#include "runtime/run/settled_graph.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/scenario/writer.hpp"
#include "runtime/study/study.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace caps {

namespace {

/// One run of one cell.
struct study_run {
  const study_cell* cell = nullptr;
  int64_t seed = 0;
  std::filesystem::path out;
  /// The scenario with every key written out.
  std::string scenario;
};

/// What came of a run.
struct study_outcome {
  std::optional<double> value;
  bool diverged = false;
  double wall_seconds = 0;
  /// Why it failed otherwise.
  std::string failure;
  exit_code code = exit_code::success;
};

/// What came of the runs of a cell.
struct cell_result {
  sample values;
  size_t diverged = 0;
  size_t failed = 0;
};

/// The run's value in its summary, if it has come to its end.
std::optional<study_outcome> read_outcome(const study& x,
                                    const std::filesystem::path& folder) {
  auto summary
    = nlohmann::json::parse(text_of_file(folder / "summary.json"), nullptr,
                            false);
  if (summary.is_discarded())
    return std::nullopt;
  study_outcome result;
  result.code = static_cast<exit_code>(summary.value("exit_code", 1));
  result.wall_seconds = summary.value("wall_seconds", 0.0);
  result.diverged = result.code == exit_code::diverged;
  if (result.code != exit_code::success) {
    result.failure = summary.value("error", "");
    return result;
  }
  auto value = summary.find(x.value);
  if (value == summary.end() || !value->is_number())
    throw input_error(fmt::format("{}: there is no number '{}' in the summary "
                                  "of a run; see {}",
                                  x.name, x.value,
                                  (folder / "summary.json").string()));
  result.value = value->get<double>();
  return result;
}

/// Makes a study's runs and their tables.
class study_runner {
public:
  study_runner(const cli_options& options, const components& known)
    : options_(options), known_(known), study_(load_study(options.scenario)),
      out_(options.out.empty() ? folder_inside("runs", study_.name)
                               : options.out),
      jobs_(std::max<size_t>(1, options.jobs)) {
    setup_phase setup{{&interrupted_, true}};
    setup.begin("reading the scenarios");
    make_folder(out_);
    auto& seeds = study_.seeds;
    if (options.seeds > 0 && options.seeds < std::ssize(seeds))
      seeds.resize(static_cast<size_t>(options.seeds));
    for (const auto& table : study_.tables)
      for (const auto& cell : table.cells)
        for (auto seed : seeds)
          add(cell, seed);
    if (due_.empty() && done_ == 0)
      throw input_error(fmt::format("--only {}: no cell of {} has that in its "
                                    "name",
                                    join(options.only, ", "),
                                    options.scenario.string()));
  }

  exit_code execute() {
    if (!options_.json)
      print("{}: {} runs of {} are done, {} to go, {} at a time; in {}\n",
            study_.name, done_, done_ + due_.size(), due_.size(), jobs_,
            out_.string());
    std::fflush(stdout);
    run_jobs(due_.size(), jobs_, &interrupted_,
             [this](size_t i) { execute(due_[i]); });
    auto text = tables();
    write_file(out_ / "study.md", text);
    if (interrupted_)
      code_ = exit_code::interrupted;
    if (options_.json) {
      print_json(json());
      return code_;
    }
    print_text("\n" + text);
    flush_standard_output();
    return code_;
  }

private:
  bool wanted(const study_cell& cell) const {
    return options_.only.empty()
           || std::ranges::any_of(options_.only, [&](const std::string& x) {
                return cell.name.find(x) != std::string::npos;
              });
  }

  /// Files a run under those that are done or those to be made; reads every
  /// scenario before the first one runs.
  void add(const study_cell& cell, int64_t seed) {
    study_run run{
      &cell, seed, out_ / cell.name / fmt::format("seed-{}", seed), {}};
    auto settings = settings_of(run);
    auto loaded = load_scenario(study_.base, settings.all_settings(), known_);
    settle(loaded);
    // One program computes in one way.
    if (arithmetic_.value_or(loaded.content.arithmetic)
        != loaded.content.arithmetic)
      throw input_error(fmt::format("{}: arithmetic is one for all runs of a "
                                    "study; set it in {}",
                                    cell.name, study_.base.string()));
    arithmetic_ = loaded.content.arithmetic;
    use_arithmetic_of(loaded.content);
    run.scenario = to_toml(loaded.content);
    auto finished = text_of_file(run.out / "scenario.toml") == run.scenario
                      ? read_outcome(study_, run.out)
                      : std::nullopt;
    if (finished && (finished->value || finished->diverged)) {
      if (wanted(cell))
        ++done_;
      record(run, *finished);
    } else if (wanted(cell)) {
      due_.push_back(std::move(run));
    }
  }

  cli_options settings_of(const study_run& run) const {
    auto result = options_;
    result.what = command::run;
    result.scenario = study_.base;
    result.settings = run.cell->settings;
    result.settings.push_back(
      fmt::format("name=\"{} {}\"", study_.name, run.cell->name));
    for (const auto& x : options_.settings)
      result.settings.push_back(x);
    result.seed = run.seed;
    result.out = run.out;
    result.force = true;
    result.quiet = true;
    result.json = false;
    if (result.threads == 0)
      result.threads
        = std::max<size_t>(1, std::thread::hardware_concurrency() / jobs_);
    return result;
  }

  void execute(const study_run& run) {
    study_outcome result;
    try {
      result.code = run_command(settings_of(run), known_);
      if (result.code == exit_code::interrupted)
        return;
      // One that did not even start leaves what was there.
      if (auto x = read_outcome(study_, run.out); x && x->code == result.code)
        result = *x;
    } catch (const input_error& e) {
      result.code = e.code();
      result.failure = e.what();
    }
    std::lock_guard guard{mutex_};
    if (!result.value && !result.diverged && code_ == exit_code::success)
      code_ = result.code;
    record(run, result);
    ++made_;
    if (options_.json)
      return;
    print("[{}/{}] {} seed {}: {}, {}\n", made_, due_.size(), run.cell->name,
          run.seed, text_of(result), human_seconds(result.wall_seconds));
    std::fflush(stdout);
  }

  std::string text_of(const study_outcome& x) const {
    if (x.value)
      return fmt::format("{:.{}f}", study_.scale * *x.value, study_.digits);
    return x.diverged ? "NC" : "failed: " + x.failure;
  }

  void record(const study_run& run, const study_outcome& x) {
    auto& cell = results_[run.cell];
    if (x.value)
      cell.values.add(*x.value);
    else
      ++(x.diverged ? cell.diverged : cell.failed);
    if (x.wall_seconds > 0)
      wall_.add(x.wall_seconds);
    longest_ = std::max(longest_, x.wall_seconds);
  }

  json_object json() const {
    auto tables = json_object::array();
    for (const auto& table : study_.tables) {
      auto rows = json_object::array();
      for (size_t row = 0; row < table.rows.size(); ++row) {
        auto cells = json_object::array();
        for (size_t column = 0; column < table.columns.size(); ++column)
          cells.push_back(json(table.cell(row, column)));
        rows.push_back({{"name", table.rows[row].name}, {"cells", cells}});
      }
      auto columns = json_object::array();
      for (const auto& x : table.columns)
        columns.push_back(x.name);
      tables.push_back(
        {{"title", table.title}, {"columns", columns}, {"rows", rows}});
    }
    return {{"study", study_.name},
            {"folder", out_.string()},
            {"exit_code", static_cast<int>(code_)},
            {"value", study_.value},
            {"scale", study_.scale},
            {"seeds", study_.seeds},
            {"tolerance", study_.tolerance},
            {"runs_made", made_},
            {"runs_before", done_},
            {"tables", tables},
            {"wall_seconds", json_sample(wall_)}};
  }

  json_object json(const study_cell& cell) const {
    cell_result x;
    if (auto i = results_.find(&cell); i != results_.end())
      x = i->second;
    sample values;
    for (auto value : x.values.values())
      values.add(study_.scale * value);
    return {{"name", cell.name},
            {"value", json_sample(values)},
            {"diverged", x.diverged},
            {"failed", x.failed},
            {"published", cell.published.empty()
                            ? json_object(nullptr)
                            : json_object(cell.published)},
            {"differs", differs(x, cell.published)}};
  }

  std::string tables() const {
    std::string result;
    auto to = std::back_inserter(result);
    for (const auto& table : study_.tables) {
      fmt::format_to(to, "## {}\n\n|  |", table.title);
      for (const auto& x : table.columns)
        fmt::format_to(to, " {} |", x.name);
      result += "\n|---|";
      for (size_t i = 0; i < table.columns.size(); ++i)
        result += "---|";
      for (size_t row = 0; row < table.rows.size(); ++row) {
        fmt::format_to(to, "\n| {} |", table.rows[row].name);
        for (size_t column = 0; column < table.columns.size(); ++column)
          fmt::format_to(to, " {} |", text_of(table.cell(row, column)));
      }
      result += "\n\n";
    }
    fmt::format_to(to,
                   "Mean ± standard deviation over the seeds {} (published); "
                   "NC: did not converge; * differs from what was published by "
                   "{} or more.\n",
                   fmt::join(study_.seeds, ", "), to_text(study_.tolerance));
    if (!wall_.empty())
      fmt::format_to(
        to, "{} runs of {} on average, {} at most, {} in all.\n", wall_.size(),
        human_seconds(wall_.mean()), human_seconds(longest_),
        human_seconds(wall_.mean() * static_cast<double>(wall_.size())));
    return result;
  }

  std::string text_of(const study_cell& cell) const {
    std::string result = "-";
    auto published
      = cell.published.empty() ? "" : fmt::format(" ({})", cell.published);
    auto i = results_.find(&cell);
    if (i == results_.end())
      return result + published;
    const auto& x = i->second;
    if (!x.values.empty())
      result = x.values.text(study_.scale, static_cast<int>(study_.digits));
    else if (x.diverged > 0)
      result = "NC";
    if (x.diverged > 0 && !x.values.empty())
      result += fmt::format(", {} NC", x.diverged);
    if (x.failed > 0)
      result += fmt::format(", {} failed", x.failed);
    return result + published + (differs(x, cell.published) ? " *" : "");
  }

  bool differs(const cell_result& x, const std::string& published) const {
    if (published.empty() || (x.values.empty() && x.diverged == 0))
      return false;
    double number = 0;
    auto end = published.data() + published.size();
    auto is_number = std::from_chars(published.data(), end, number).ptr == end;
    if (!is_number || x.values.empty())
      return is_number != !x.values.empty();
    return std::abs(study_.scale * x.values.mean() - number)
           >= study_.tolerance;
  }

  const cli_options& options_;
  const components& known_;
  study study_;
  std::filesystem::path out_;
  size_t jobs_;
  const std::atomic<bool>& interrupted_ = watch_interrupts();
  size_t done_ = 0;
  std::vector<study_run> due_;
  /// That of the scenarios read so far.
  std::optional<std::string> arithmetic_;

  // -- shared between the threads ---------------------------------------------

  std::mutex mutex_;
  size_t made_ = 0;
  std::map<const study_cell*, cell_result> results_;
  sample wall_;
  double longest_ = 0;
  exit_code code_ = exit_code::success;
};

} // namespace

exit_code study_command(const cli_options& options, const components& known) {
  outlive_readers();
  return study_runner{options, known}.execute();
}

} // namespace caps
