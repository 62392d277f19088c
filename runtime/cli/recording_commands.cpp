#include "runtime/cli/commands.hpp"

#include "runtime/cli/arithmetic_choice.hpp"
#include "runtime/cli/json_output.hpp"
#include "runtime/cli/plugin_options.hpp"
#include "runtime/cli/reported_run.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/recording/fork.hpp"
#include "runtime/recording/merge.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/recording_diff.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/stored_state.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/output_folder.hpp"
#include "runtime/report/stopwatch.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace caps {

exit_code verify_command(const cli_options& options) {
  recording_file file{options.recording};
  auto x = verify(file);
  if (options.json) {
    print_json({{"recording", options.recording.string()},
                {"events", x.events},
                {"metrics", x.metrics},
                {"notes", x.notes},
                {"snapshots", x.snapshots},
                {"payloads", x.payloads},
                {"transactions", x.transactions},
                {"ended", x.ended}});
    return exit_code::success;
  }
  print("{}: sound: {} events, {} metrics, {} notes, {} snapshots, {} "
        "payloads in {} transactions; {}\n",
        options.recording.string(), x.events, x.metrics, x.notes, x.snapshots,
        x.payloads, x.transactions,
        x.ended ? "the run came to its end"
                : "the run goes on, or was cut off");
  flush_standard_output();
  return exit_code::success;
}

exit_code merge_command(const cli_options& options) {
  auto to = options.out.empty() ? "run.caps" : options.out;
  if (!options.force && std::filesystem::exists(to))
    throw input_error(fmt::format("--out {}: is there; give another file, or "
                                  "--force to replace it",
                                  to.string()));
  auto x = merge_recordings(options.parts, to);
  if (options.json) {
    print_json({{"recording", to.string()},
                {"events", x.events},
                {"processes", x.parts},
                {"bytes", x.bytes},
                {"missing", x.remarks}});
    return exit_code::success;
  }
  print("{}: {} events of {} processes\n", to.string(), x.events, x.parts);
  for (const auto& remark : x.remarks)
    print("{}\n", remark);
  flush_standard_output();
  return exit_code::success;
}

exit_code replay_check_command(const cli_options& options,
                               const components& known) {
  run_settings settings;
  settings.threads = options.thread_count();
  settings.interrupted = &watch_interrupts();
  setup_phase setup{{settings.interrupted, true}};
  recording_file file{options.recording};
  auto differs = use_arithmetic_of(file);
  setup.begin("verifying the recording");
  verify(file);
  setup.begin(""); // somebody may be asked
  auto plan = plan_of(file, known, consent_of(options), &setup);
  setup.end();
  stopwatch all;
  auto report
    = options.resume_at == 0
        ? check_replay(file, plan, settings)
        : check_resumed_replay(file, plan, settings, options.resume_at);
  print("{}: run again on the {} clock in {}: {}", options.recording.string(),
        plan.content.clock, human_seconds(all.seconds()), report.text());
  if (differs && report.first)
    print("{}\n", *differs);
  flush_standard_output();
  return report.first ? exit_code::failure : exit_code::success;
}

exit_code fork_command(const cli_options& options, const components& known) {
  run_settings settings;
  settings.threads = options.thread_count();
  settings.interrupted = &watch_interrupts();
  outlive_readers();
  setup_phase setup{{settings.interrupted, !options.quiet}};
  settings.setup = &setup;
  recording_file file{options.recording};
  if (auto differs = use_arithmetic_of(file); differs && !options.quiet)
    std::fputs(fmt::format("warning: {}\n", *differs).c_str(), stderr);
  setup.begin("verifying the recording");
  verify(file);
  setup.begin(""); // somebody may be asked
  auto plan = plan_of(file, known, consent_of(options), &setup);
  setup.begin("preparing the fork");
  report_options reports;
  reports.changes
    = prepare_fork(file, plan, options.at, options.settings, known);
  reports.out = options.out.empty()
                  ? default_output_folder(plan.content.name + "-fork")
                  : options.out;
  reports.force = options.force;
  reports.origin = fmt::format("of {}, forked after event {}",
                               options.recording.string(), options.at);
  std::optional<run_state> from;
  if (!options.from_start)
    from = state_before(file, options.at);
  if (from) {
    reports.original = &file;
    settings.from = &*from;
  }
  reports.quiet = options.quiet;
  reports.json = options.json;
  return run_and_report(plan, settings, reports, [&](run_observer& observer) {
    fork_watch watch{file,
                     plan,
                     options.at,
                     plan.environment->events,
                     settings.interrupted,
                     from ? from->position : 0};
    plan.environment->events = &watch;
    auto own = settings;
    own.interrupted = &watch.over();
    run_end end;
    try {
      end = run_virtual(plan, own, observer);
    } catch (const input_error& e) {
      if (!from)
        throw;
      throw input_error(fmt::format("{}: {}; --from-start does without states",
                                    options.recording.string(), e.what()));
    }
    if (!watch.problem().empty())
      throw error(
        fmt::format("{}: {}", options.recording.string(), watch.problem()));
    return end;
  });
}

exit_code diff_command(const cli_options& options) {
  recording_file a{options.recording};
  recording_file b{options.other_recording};
  auto result = diff(a, b);
  print("{}", options.json ? result.json() : result.text());
  flush_standard_output();
  return exit_code::success;
}

} // namespace caps
