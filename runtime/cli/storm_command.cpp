#include "runtime/cli/commands.hpp"

#include "runtime/cli/json_output.hpp"
#include "runtime/process/interrupt.hpp"
#include "runtime/process/standard_streams.hpp"
#include "runtime/report/stopwatch.hpp"
#include "runtime/storm/storm.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>

#include <unistd.h>

namespace caps {

namespace {

/// The way to the same failure.
std::string command_of(const cli_options& options, const storm_failure& x) {
  auto result
    = fmt::format("caps_runtime storm {} --first-seed {} --runs 1 --faults {}",
                  options.scenario.string(), x.seed, fmt::join(x.faults, ","));
  for (const auto& setting : options.settings)
    result += fmt::format(" --set '{}'", setting);
  for (const auto& plugin : options.plugins)
    result += fmt::format(" --plugin {}", plugin.string());
  return result;
}

/// On a terminal, where the storms are.
class storm_progress {
public:
  explicit storm_progress(bool shown)
    : shown_(shown && isatty(STDERR_FILENO) != 0) {}

  ~storm_progress() {
    if (shown_)
      std::fputs("\r\x1b[K", stderr);
  }

  storm_progress(const storm_progress&) = delete;
  storm_progress& operator=(const storm_progress&) = delete;

  void show(const storm_account& x, int64_t runs) {
    if (!shown_ || time_.seconds() < due_)
      return;
    due_ = time_.seconds() + 0.2;
    std::fputs(fmt::format("\r\x1b[K{} of {} runs, {} broken", x.runs, runs,
                           x.failures.size())
                 .c_str(),
               stderr);
  }

private:
  bool shown_;
  stopwatch time_;
  double due_ = 0;
};

json_object json_of(const cli_options& options, const storm_account& x,
                    double seconds) {
  auto failures = json_object::array();
  for (const auto& y : x.failures)
    failures.push_back({{"seed", y.seed},
                        {"broken", y.broken},
                        {"faults", y.texts},
                        {"command", command_of(options, y)}});
  return {{"scenario", options.scenario.string()},
          {"runs", x.runs},
          {"gave_up", x.gave_up},
          {"views", x.views},
          {"events", x.events},
          {"faults", x.faults},
          {"failures", failures},
          {"wall_seconds", seconds}};
}

void print_account(const cli_options& options, const storm_account& x,
                   double seconds) {
  for (const auto& y : x.failures) {
    print("seed {}: {}\n", y.seed, y.broken);
    for (const auto& fault : y.texts)
      print("  {}\n", fault);
    print("  {}\n\n", command_of(options, y));
  }
  int64_t faults = 0;
  for (const auto& [kind, count] : x.faults)
    faults += count;
  print("{} runs: {} broken, {} gave up and said why; {} faults, {} views, {} "
        "events; {:.1f} s, {:.0f} runs a minute\n",
        x.runs, x.failures.size(), x.gave_up, faults, x.views, x.events,
        seconds, 60. * static_cast<double>(x.runs) / seconds);
}

} // namespace

exit_code storm_command(const cli_options& options, const components& known) {
  const auto& interrupted = watch_interrupts(true);
  storm_options wanted{
    options.scenario, options.settings,
    options.runs,     static_cast<uint64_t>(options.first_seed),
    options.faults,   options.jobs,
    &interrupted};
  stopwatch all;
  storm_account account;
  {
    storm_progress progress{!options.json};
    account = storm(wanted, known, [&](const storm_account& x) {
      progress.show(x, options.runs);
    });
  }
  if (options.json)
    print_json(json_of(options, account, all.seconds()));
  else
    print_account(options, account, all.seconds());
  flush_standard_output();
  if (!account.failures.empty())
    return exit_code::failure;
  return interrupted ? exit_code::interrupted : exit_code::success;
}

} // namespace caps
