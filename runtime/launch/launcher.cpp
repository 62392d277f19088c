#include "runtime/launch/head.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/local_team.hpp"
#include "runtime/launch/process_silence.hpp"
#include "runtime/launch/run_links.hpp"
#include "runtime/process/limits.hpp"

#include <algorithm>

namespace caps {

void ensure_files_for_launch(size_t processes) {
  // The results and the recording, the network's own, and those that are open
  // for a moment.
  constexpr size_t own = 17;
  ensure_files(own + files_of_local_team(processes));
}

run_end run_processes(run_plan& plan, const run_settings& settings,
                      const std::filesystem::path& scenario_file,
                      run_observer& observer) {
  return run_head(plan, settings, observer, [&] {
    auto count = settings.processes;
    local_team_settings all;
    all.where = placement::evenly(plan.environment->nodes, count);
    all.scenario_file = scenario_file;
    // The machine's compute threads are divided among the processes.
    all.threads = std::max<size_t>(1, settings.threads / count);
    all.allowed = silence_of(plan.membership);
    all.may_return = can_return(plan);
    all.parts = settings.parts;
    return start_local_team(std::move(all));
  });
}

} // namespace caps
