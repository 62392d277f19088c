#include "runtime/launch/head.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/local_member.hpp"
#include "runtime/launch/socket_mesh.hpp"
#include "runtime/process/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

void ensure_files_for_launch(size_t processes) {
  // The results and the recording, the network's own, and those that are open
  // for a moment.
  constexpr size_t own = 17;
  // Heartbeats, memory that is shared, and the sockets of all with all.
  ensure_files(own + 3 * processes + socket_mesh::files(processes + 1));
}

run_end run_processes(run_plan& plan, const run_settings& settings,
                      const std::filesystem::path& scenario_file,
                      run_observer& observer) {
  return run_head(plan, settings, observer, [&] {
    auto count = settings.processes;
    team result;
    result.where = placement::evenly(plan.environment->nodes, count);
    // The head is one more of those that are connected.
    socket_mesh mesh{count + 1};
    // The machine's compute threads are divided among the processes.
    auto threads = std::max<size_t>(1, settings.threads / count);
    for (size_t i = 0; i < count; ++i) {
      join_order order{static_cast<uint32_t>(i), result.where, mesh.of(i)};
      result.members.push_back(std::make_unique<local_member>(
        fmt::format("process {}", i),
        start_joining(scenario_file, threads, order)));
      mesh.close(i);
    }
    for (size_t i = 0; i < count; ++i)
      result.streams.push_back(
        std::make_unique<plain_stream>(mesh.take(count, i)));
    return result;
  });
}

} // namespace caps
