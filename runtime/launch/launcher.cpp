#include "runtime/launch/child_process.hpp"
#include "runtime/launch/head.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/socket_mesh.hpp"
#include "runtime/process/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <unistd.h>

namespace caps {

namespace {

/// A process that this one has started.
class local_member final : public team_member {
public:
  local_member(size_t number, child_process process)
    : number_(number), process_(std::move(process)) {}

  std::string name() const override {
    return fmt::format("process {}", number_);
  }

  std::optional<std::string> loss() override {
    auto how = process_.loss();
    if (how)
      how = fmt::format("(pid {}) {}", process_.pid(), *how);
    return how;
  }

  void finish(std::chrono::milliseconds grace) override {
    process_.finish(grace);
  }

private:
  size_t number_;
  child_process process_;
};

} // namespace

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
        i, start_joining(scenario_file, threads, order)));
      mesh.close(i);
    }
    for (size_t i = 0; i < count; ++i)
      result.streams.push_back(
        std::make_unique<plain_stream>(mesh.take(count, i)));
    return result;
  });
}

} // namespace caps
