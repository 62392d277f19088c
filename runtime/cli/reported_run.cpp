#include "runtime/cli/reported_run.hpp"

#include "runtime/identity/certificate.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/process/version.hpp"
#include "runtime/recording/merge.hpp"
#include "runtime/recording/recorder.hpp"
#include "runtime/recording/recording_facts.hpp"
#include "runtime/recording/recording_part.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/metrics_csv.hpp"
#include "runtime/report/observers.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/report/protocol_csv.hpp"
#include "runtime/report/rounds_csv.hpp"
#include "runtime/report/run_log.hpp"
#include "runtime/report/summary.hpp"
#include "runtime/report/views_csv.hpp"
#include "runtime/report/weights_files.hpp"
#include "runtime/run/run_estimate.hpp"
#include "runtime/scenario/writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace caps {

namespace {

run_facts summary_facts(const run_plan& plan, const run_settings& settings) {
  const auto& x = plan.content;
  return {x.name,
          static_cast<uint64_t>(x.seed),
          x.clock,
          x.protocol.name(),
          x.model.name(),
          settings.threads,
          settings.processes,
          plan.model->layout().numel(),
          x.nodes};
}

/// What mixing alone does to the consensus distance between two lines of
/// rounds.csv, where every edge mixes after every step.
std::optional<double> predicted_contraction(const run_plan& plan) {
  const auto& gap = plan.mixing_facts.spectral_gap;
  const auto& schedule = *plan.environment->swaps.schedule;
  if (!gap || schedule.round() != 1 || schedule.one_peer())
    return std::nullopt;
  return std::pow(1 - *gap, plan.content.rounds_every);
}

console::options console_options(const run_plan& plan) {
  const auto& e = *plan.environment;
  auto nodes = plan.content.nodes;
  return {nodes, e.epochs, nodes * e.epochs * e.steps_per_epoch,
          !e.servers.empty()};
}

std::string count(size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string header(const run_plan& plan, const run_settings& settings,
                   const std::filesystem::path& out) {
  const auto& x = plan.content;
  auto nodes = static_cast<size_t>(x.nodes);
  auto servers = plan.environment->servers.size();
  auto who
    = servers == 0
        ? fmt::format("{} ({})", count(nodes, "node", "nodes"),
                      x.topology.name())
        : fmt::format("{}, {}", count(nodes, "worker", "workers"),
                      count(servers, "parameter server", "parameter servers"));
  auto where = settings.processes > 1
                 ? count(settings.processes, "process", "processes")
                 : count(settings.threads, "thread", "threads");
  return fmt::format("{}: {}, {}, {} ({} parameters) on {}, {} clock, {}\n"
                     "results in {}\n",
                     x.name, who, x.protocol.name(), x.model.name(),
                     plan.model->layout().numel(), x.data.name(), x.clock,
                     where, out.string());
}

/// The weights are what a run writes last: a disk that has no room for them
/// would take the result of hours.
void refuse_a_full_disk(const run_plan& plan,
                        const std::filesystem::path& folder) {
  auto needed = weights_bytes(plan);
  auto free = static_cast<double>(std::filesystem::space(folder).available);
  if (needed > free)
    throw error(fmt::format("{}: the weights of {} nodes take {}, and {} are "
                            "free there",
                            folder.string(), plan.nodes.size(),
                            human_bytes(needed), human_bytes(free)));
}

/// Keeps the new results once the run has started, and not the earlier ones.
class keeps_results final : public run_observer {
public:
  keeps_results(output_folder& folder, bool resumes)
    : folder_(folder), resumes_(resumes) {}

  void on_start() override {
    if (!resumes_)
      folder_.keep();
  }

  void on_resumed() override { folder_.keep(); }

private:
  output_folder& folder_;
  bool resumes_;
};

/// How much the scenario wants to be recorded, wherever that is.
recorder_options recording_options(const run_plan& plan) {
  recorder_options result;
  result.level = parse_recording_level(plan.content.recording);
  result.snapshot_every = plan.content.recording_snapshots;
  result.snapshot_steps = plan.content.recording_steps;
  result.budget = plan.content.recording_budget;
  return result;
}

/// The recording of a run as the scenario wants it; null for none.
recorder* record(run_plan& plan, const run_settings& settings,
                 const report_options& options,
                 const std::shared_ptr<spdlog::logger>& log, observers& all) {
  auto keep = recording_options(plan);
  keep.file = options.out / "run.caps";
  keep.on_failure = [log](const std::string& why) {
    log->error("the recording ends: {}", why);
    std::fputs(
      fmt::format("error: the recording ends: {}; the run goes on\n", why)
        .c_str(),
      stderr);
  };
  if (settings.from != nullptr) {
    keep.original = options.original;
    keep.after = settings.from->position;
  }
  if (keep.level == recording_level::off)
    return nullptr;
  if (settings.processes > 1 && keep.level > recording_level::metrics) {
    keep.level = recording_level::metrics;
    if (settings.parts) {
      keep.file = settings.parts.file(settings.processes);
      keep.part = part_text(settings.parts.run, settings.processes,
                            settings.processes, {});
    } else {
      log->warn("the nodes live on several hosts, or come and go with their "
                "processes: the recording keeps metrics, but no events");
    }
  }
  auto facts = facts_of(plan);
  if (!options.changes.empty())
    facts.meta["changes"] = to_json(options.changes);
  auto& result = all.add<recorder>(std::move(keep), std::move(facts));
  if (result.wants_events())
    plan.environment->events = &result;
  return &result;
}

/// All files that parts may lie in.
std::vector<std::string> names_of_parts(const recording_parts& parts,
                                        size_t processes) {
  std::vector<std::string> result;
  for (size_t i = 0; i <= processes; ++i)
    for (auto ending : {"", "-journal", "-shm", "-wal"})
      result.push_back(parts.file(i).filename().string() + ending);
  return result;
}

/// Makes one recording of those that the processes have made, and says what
/// became of it. What cannot be merged stays where it is.
recording_outcome merge_parts(const recording_parts& parts, size_t processes,
                              const std::filesystem::path& to,
                              recording_level level, spdlog::logger& log,
                              bool quiet) {
  std::vector<std::filesystem::path> files;
  for (size_t i = 0; i <= processes; ++i)
    if (std::filesystem::exists(parts.file(i)))
      files.push_back(parts.file(i));
  recording_outcome result;
  result.level = level;
  result.file = to.filename();
  try {
    setup_phase progress{{nullptr, !quiet}};
    progress.begin("merging what the processes have recorded");
    auto report = merge_recordings(files, to);
    progress.end();
    result.events = report.events;
    result.bytes = report.bytes;
    result.snapshots_left_out = report.snapshots_left_out;
    for (const auto& x : report.remarks) {
      log.warn("the recording: {}", x);
      std::fputs(fmt::format("warning: the recording: {}\n", x).c_str(),
                 stderr);
    }
    for (const auto& x : files)
      std::filesystem::remove(x);
  } catch (const std::exception& e) {
    result.failure = e.what();
    auto text = fmt::format("the parts of the recording stay in {}: {}",
                            parts.folder.string(), e.what());
    log.error("{}", text);
    std::fputs(fmt::format("error: {}\n", text).c_str(), stderr);
  }
  return result;
}

} // namespace

recording_parts parts_of(const run_plan& plan, size_t processes,
                         const std::filesystem::path& out) {
  auto has_events
    = parse_recording_level(plan.content.recording) >= recording_level::events;
  if (processes == 1 || !has_events || plan.membership != nullptr)
    return {};
  return {out, random_secret(8)};
}

std::unique_ptr<recorder> record_part(run_plan& plan, const join_order& order) {
  if (order.part.empty())
    return nullptr;
  auto keep = recording_options(plan);
  auto processes = order.where.processes();
  keep.file = order.part;
  keep.part = part_text(order.run, order.process, processes,
                        order.where.nodes_of(order.process));
  keep.budget /= static_cast<int64_t>(processes);
  keep.on_failure = [i = order.process](const std::string& why) {
    std::fputs(fmt::format("process {}: error: its recording ends: {}; the run "
                           "goes on\n",
                           i, why)
                 .c_str(),
               stderr);
  };
  auto result = std::make_unique<recorder>(std::move(keep), facts_of(plan));
  plan.environment->events = result.get();
  return result;
}

exit_code run_and_report(run_plan& plan, const run_settings& settings,
                         const report_options& options,
                         const run_driver& execute) {
  auto& x = plan.content;
  const auto& out = options.out;
  output_folder results{out, options.force};
  refuse_a_full_disk(plan, out);
  results.claim(names_of_results(plan.nodes.size()));
  if (settings.parts)
    results.claim(names_of_parts(settings.parts, settings.processes));
  write_file(out / "scenario.toml", to_toml(x));
  auto log = open_log(out / "log.txt", options.log_level);
  log->info("{} runs scenario {} with {} threads", version_text(),
            options.origin, settings.threads);
  if (settings.from != nullptr)
    log->info("it goes on from the state of the run after event {}",
              settings.from->position);
  if (!plan.mixing_facts.not_doubly_stochastic.empty())
    log->warn("the mixing weights are not doubly stochastic: {}",
              plan.mixing_facts.not_doubly_stochastic);

  observers all;
  all.add<keeps_results>(results, settings.from != nullptr);
  auto recording = record(plan, settings, options, log, all);
  all.add<metrics_csv>(out / "metrics.csv");
  all.add<edges_csv>(out / "edges.csv");
  if (x.rounds_every > 0)
    all.add<rounds_csv>(out / "rounds.csv", predicted_contraction(plan));
  if (plan.membership != nullptr)
    all.add<views_csv>(out / "views.csv");
  all.add<protocol_csv>(out / "protocol.csv");
  all.add<weights_files>(out, plan.model->layout_ptr(), x.name);
  auto& outcome
    = all.add<summary>(out / "summary.json", summary_facts(plan, settings));
  if (recording != nullptr)
    outcome.tell_of(*recording);
  all.add<run_log>(log);
  if (!options.quiet && !options.json) {
    auto& terminal = all.add<console>(stdout, console_options(plan));
    terminal.print(header(plan, settings, out));
  }
  auto end = execute(all);
  if (settings.parts && recording != nullptr)
    outcome.tell_of_merged(
      merge_parts(settings.parts, settings.processes, out / "run.caps",
                  parse_recording_level(x.recording), *log, options.quiet));
  if (!end.text.empty())
    std::fputs(fmt::format("error: {}\n", end.text).c_str(), stderr);
  if (options.json) {
    print("{}", outcome.json());
    flush_standard_output();
  }
  return end.code;
}

} // namespace caps
