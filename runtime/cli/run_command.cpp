#include "runtime/cli/commands.hpp"

#include "runtime/cli/job_command.hpp"
#include "runtime/cli/reported_run.hpp"
#include "runtime/cli/run_scenario.hpp"
#include "runtime/cluster/head_of_hosts.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/monitor/metrics_server.hpp"
#include "runtime/monitor/status_board.hpp"
#include "runtime/process/heartbeat.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/run/run.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include <unistd.h>

namespace caps {

namespace {

run_end execute(run_plan& plan, const run_settings& settings,
                const std::optional<hosts_file>& hosts,
                const std::filesystem::path& scenario_file,
                status_board& observer) {
  if (hosts)
    return run_on_hosts(plan, settings, *hosts, scenario_file, observer,
                        [&] { return to_json(observer.look()); });
  if (settings.processes > 1)
    return run_processes(plan, settings, scenario_file, observer);
  if (plan.content.clock == "virtual")
    return run_virtual(plan, settings, observer);
  return run_real(plan, settings, observer);
}

/// The heartbeat of a process that another one has started, at its standard
/// input; without the other one it has nothing to do.
std::unique_ptr<heartbeat> beat_for(const join_order& order) {
  return std::make_unique<heartbeat>(STDIN_FILENO, [i = order.process] {
    std::fputs(fmt::format("process {}: error: the process that started this "
                           "run has given no sign of life for {} s\n",
                           i, heartbeat::limit.count())
                 .c_str(),
               stderr);
    ::_exit(static_cast<int>(exit_code::lost));
  });
}

/// One of the processes that another one has started.
exit_code join_launcher(run_plan& plan, const run_settings& settings,
                        const join_order& order) {
  auto recording = record_part(plan, order);
  auto end = join_run(plan, settings, order);
  if (recording)
    recording->on_end(end);
  if (!end.text.empty())
    std::fputs(
      fmt::format("process {}: error: {}\n", order.process, end.text).c_str(),
      stderr);
  return end.code;
}

/// This host of a job is not the one that the run is started on.
exit_code join_head(const job& where, const cli_options& options) {
  host_service_settings how;
  how.once = true;
  how.patience = std::chrono::minutes{2};
  how.interrupted = &watch_interrupts(false);
  outlive_readers();
  join_job(where, options, how);
  return *how.interrupted ? exit_code::interrupted : exit_code::success;
}

} // namespace

exit_code run_command(const cli_options& options, const components& known) {
  auto where = job_of(options);
  if (where && !where->is_head())
    return join_head(*where, options);
  run_settings settings;
  settings.threads = options.thread_count();
  settings.processes = options.processes;
  // One that was started by another ends with that.
  auto joins = options.join_file >= 0;
  settings.interrupted = &watch_interrupts(!joins);
  outlive_readers();
  auto order = joins ? read_order(options.join_file) : join_order{};
  auto pulse = joins ? beat_for(order) : nullptr;
  setup_phase setup{
    {joins ? nullptr : settings.interrupted, !joins && !options.quiet}};
  settings.setup = &setup;
  setup.begin("reading the scenario");
  auto hosts = hosts_of(options, where);
  if (hosts)
    settings.processes = hosts->all().size();
  auto loaded = load_run(options, known);
  if (!joins && options.processes > 1)
    ensure_files_for_launch(options.processes);
  auto plan = make_plan(std::move(loaded), &setup);
  if (hosts)
    place_nodes(hosts->all(), plan.environment->nodes, servers_of(plan));
  if (joins) {
    setup.end();
    return join_launcher(plan, settings, order);
  }
  if (!options.quiet)
    for (const auto& x : plan.warnings)
      std::fputs(fmt::format("warning: {}\n", x).c_str(), stderr);
  setup.begin("opening the results");
  auto out = options.out.empty() ? default_output_folder(plan.content.name)
                                 : options.out;
  if (!hosts)
    settings.parts = parts_of(plan, settings.processes, out);
  report_options reports;
  reports.out = out;
  reports.force = options.force;
  reports.origin = options.scenario.string();
  reports.log_level = options.log_level;
  reports.quiet = options.quiet;
  reports.json = options.json;
  return run_and_report(plan, settings, reports, [&](run_observer& observer) {
    status_board board{observer, plan.content.name, plan.environment->nodes};
    std::optional<metrics_server> metrics;
    if (options.metrics_port)
      metrics.emplace(*options.metrics_port,
                      [&] { return prometheus_text(board.look()); });
    return execute(plan, settings, hosts, out / "scenario.toml", board);
  });
}

} // namespace caps
