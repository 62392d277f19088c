#include "actors/coordination/hub.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/child_process.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/network.hpp"
#include "runtime/launch/socket_mesh.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

using namespace std::chrono_literals;

/// What processes get to end by themselves when a run is over.
constexpr auto leave_grace = 5s;

std::vector<child_process>
start_processes(const run_settings& settings,
                const std::filesystem::path& scenario_file, uint16_t port) {
  // The machine's compute threads are divided among the processes.
  auto threads = std::max<size_t>(1, settings.threads / settings.processes);
  socket_mesh mesh{settings.processes};
  std::vector<child_process> result;
  for (size_t i = 0; i < settings.processes; ++i) {
    const auto& sockets = mesh.of(i);
    std::vector<std::string> arguments{
      "caps_runtime", "--scenario", scenario_file.string(), "--processes",
      std::to_string(settings.processes), "--threads", std::to_string(threads),
      "--join", std::to_string(port), "--process", std::to_string(i),
      "--sockets", fmt::format("{}", fmt::join(sockets, ","))};
    auto files = sockets;
    std::erase(files, -1);
    result.emplace_back(arguments, files);
    mesh.close(i);
  }
  return result;
}

/// Actors of this process that end when a run does, however that is: the actor
/// system waits for them.
struct actors_here {
  std::vector<caf::actor> handles;

  ~actors_here() {
    for (const auto& x : handles)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }
};

/// What became of a process that the run cannot count on any more.
std::optional<std::string> loss_of(child_process& process) {
  if (auto how = process.ended())
    return how;
  if (!process.silent())
    return std::nullopt;
  // It may wake up again, but not in this run.
  process.finish(0ms);
  return fmt::format("has given no sign of life for {} s",
                     heartbeat::limit.count());
}

/// Tells the hub of processes that are lost; each once.
void watch_processes(std::vector<child_process>& processes,
                     std::vector<bool>& reported, const caf::actor& head) {
  for (size_t i = 0; i < processes.size(); ++i) {
    if (reported[i])
      continue;
    if (auto how = loss_of(processes[i])) {
      reported[i] = true;
      caf::anon_send(head, process_lost{static_cast<uint32_t>(i),
                                        fmt::format("(pid {}) {}",
                                                    processes[i].pid(),
                                                    *how)});
    }
  }
}

} // namespace

size_t process_of(node_id node, size_t processes) {
  return static_cast<size_t>(node) % processes;
}

std::vector<node_id> nodes_of_process(node_id nodes, size_t processes,
                                      size_t process) {
  std::vector<node_id> result;
  for (node_id id = 0; id < nodes; ++id)
    if (process_of(id, processes) == process)
      result.push_back(id);
  return result;
}

size_t largest_payload(const run_plan& plan) {
  const auto& layout = plan.model->layout();
  auto numel = std::max(layout.numel(), layout.buffer_numel());
  return static_cast<size_t>(numel) * sizeof(double);
}

void ensure_files_for_launch(size_t processes) {
  // The results and the recording, the network's own, and those that are open
  // for a moment.
  constexpr size_t own = 17;
  // A heartbeat and a connection, and those they have with each other.
  ensure_files(own + 2 * processes + socket_mesh::files(processes));
}

run_end run_processes(run_plan& plan, const run_settings& settings,
                      const std::filesystem::path& scenario_file,
                      run_observer& observer) {
  constexpr size_t actor_threads = 2;
  // The evaluator computes as well; heartbeats, network, clocks.
  ensure_threads(settings.threads + 1, actor_threads + settings.processes + 4);
  exit_deadline leaving;
  real_compute compute{settings.threads};
  wait_notice notice{plan.environment->nodes};
  end_watch watch{observer, &notice};
  caf::actor_system_config config;
  // A thread for the evaluator and one for those that must not wait for it. A
  // detached actor would do as well, but the middleman may keep one alive that
  // another process knew, and then CAF waits for it to the end of time.
  configure_network(config, actor_threads, largest_payload(plan));
  plan.content.messages.configure(config);
  caf::actor_system system{config};
  return leaving.bound([&] {
    auto measure = system.spawn(
      evaluator, make_evaluator_config(plan, {&compute, &watch, false}));
    hub_config own;
    own.processes = static_cast<uint32_t>(settings.processes);
    own.layout = plan.model->layout().digest();
    own.evaluator = caf::actor_cast<caf::actor>(measure);
    own.observer = &watch;
    for (const auto& x : plan.environment->servers)
      own.servers.push_back(x.server);
    auto head = caf::actor_cast<caf::actor>(system.spawn(hub, own));
    actors_here here{{head, own.evaluator}};
    auto processes
      = start_processes(settings, scenario_file, publish(system, head));
    std::vector<bool> reported(processes.size());
    if (settings.setup != nullptr) {
      settings.setup->begin("setting up the processes");
      settings.setup->hand_over();
    }
    bool stopping = false;
    while (!watch.wait_for(100ms)) {
      watch_processes(processes, reported, head);
      if (watch.started()) {
        watch.tell_whom_it_waits_for();
        if (settings.setup != nullptr)
          settings.setup->end();
      }
      if (!stopping && settings.interrupted != nullptr
          && *settings.interrupted) {
        stopping = true;
        caf::anon_send(head, stop_training{});
      }
    }
    auto end = *watch.end();
    caf::anon_send(head, run_over{static_cast<int32_t>(end.code), end.text});
    // Those that are still setting up have nothing to end.
    auto grace = watch.started() ? leave_grace : 0s;
    auto deadline = std::chrono::steady_clock::now() + grace;
    for (auto& process : processes)
      process.finish(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(deadline - std::chrono::steady_clock::now(),
                 std::chrono::steady_clock::duration::zero())));
    return end;
  });
}

} // namespace caps
