#pragma once

#include "runtime/run/run.hpp"

#include <cstdint>
#include <filesystem>
#include <vector>

namespace caps {

/// The process that a node lives in.
size_t process_of(node_id node, size_t processes);

/// The nodes that live in a process, by ascending id.
std::vector<node_id> nodes_of_process(node_id nodes, size_t processes,
                                      size_t process);

/// Bytes of the largest payload of a run: no process accepts more.
size_t largest_payload(const run_plan& plan);

/// Throws `error` unless this process may have as many files and connections
/// as a launcher of `processes` processes has, the run's results included.
void ensure_files_for_launch(size_t processes);

/// Starts `settings.processes` processes of this program on this machine,
/// spreads the nodes over them, and watches them: when one dies or falls
/// silent, the run ends with an error that names it; when this process does,
/// they end. Coordinator and evaluator live here.
/// `scenario_file` is the resolved scenario, which the processes read.
run_end run_processes(run_plan& plan, const run_settings& settings,
                      const std::filesystem::path& scenario_file,
                      run_observer& observer);

/// What a process is told by the one that starts it.
struct join_order {
  /// Port of the launcher on this machine.
  uint16_t port = 0;
  uint32_t process = 0;
  /// A socket to each process by its number, -1 for this one.
  std::vector<int> sockets;
};

/// The part of one of these processes: joins the launcher and returns when the
/// run is over. Takes over the sockets.
run_end join_run(run_plan& plan, const run_settings& settings,
                 const join_order& order);

} // namespace caps
