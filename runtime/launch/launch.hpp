#pragma once

#include "runtime/launch/join_order.hpp"
#include "runtime/run/run.hpp"

#include <filesystem>

namespace caps {

/// Throws `error` unless this process may have as many files and connections
/// as a launcher of `processes` processes has, the run's results included.
void ensure_files_for_launch(size_t processes);

/// Starts `settings.processes` processes of this program on this machine,
/// spreads the nodes over them, and is the head of their run.
/// `scenario_file` is the resolved scenario, which the processes read.
run_end run_processes(run_plan& plan, const run_settings& settings,
                      const std::filesystem::path& scenario_file,
                      run_observer& observer);

/// The part of one of these processes: joins the head and returns when the run
/// is over. Takes over the sockets.
run_end join_run(run_plan& plan, const run_settings& settings,
                 const join_order& order);

} // namespace caps
