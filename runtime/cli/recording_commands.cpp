#include "runtime/cli/commands.hpp"

#include "runtime/cli/interrupt.hpp"
#include "runtime/cli/standard_streams.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/replay_check.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/report/console.hpp"
#include "runtime/report/stopwatch.hpp"

#include <fmt/format.h>

namespace caps {

exit_code verify_command(const cli_options& options) {
  recording_file file{options.recording};
  auto x = verify(file);
  fmt::print("{}: sound: {} events, {} metrics, {} notes, {} snapshots, {} "
             "payloads in {} transactions; {}\n",
             options.recording.string(), x.events, x.metrics, x.notes,
             x.snapshots, x.payloads, x.transactions,
             x.ended ? "the run came to its end"
                     : "the run goes on, or was cut off");
  flush_standard_output();
  return exit_code::success;
}

exit_code replay_check_command(const cli_options& options,
                               const components& known) {
  run_settings settings;
  settings.threads = options.thread_count();
  settings.interrupted = &watch_interrupts();
  recording_file file{options.recording};
  verify(file);
  auto plan = plan_of(file, known);
  stopwatch all;
  auto report = check_replay(file, plan, settings);
  fmt::print("{}: run again on the {} clock in {}: {}",
             options.recording.string(), plan.content.clock,
             human_seconds(all.seconds()), report.text());
  flush_standard_output();
  return report.first ? exit_code::failure : exit_code::success;
}

} // namespace caps
