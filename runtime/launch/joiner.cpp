#include "actors/coordination/host.hpp"
#include "messages/error_code.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/network.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/wire/data_plane.hpp"

#include <caf/io/middleman.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <future>
#include <memory>

#include <unistd.h>

namespace caps {

namespace {

/// Edges between one process and each other, by its number; in the direction
/// in which there are more.
std::vector<size_t> edges_of(const run_plan& plan, size_t processes,
                             size_t own) {
  std::vector<size_t> there(processes);
  std::vector<size_t> back(processes);
  for (const auto& x : plan.nodes)
    for (auto to : x.out_neighbours) {
      auto from = process_of(x.id, processes);
      auto target = process_of(to, processes);
      if (from == own)
        ++there[target];
      if (target == own)
        ++back[from];
    }
  std::ranges::transform(there, back, there.begin(),
                         [](size_t x, size_t y) { return std::max(x, y); });
  return there;
}

/// Of a link for so many edges; the same at both ends.
wire_limits limits_for(const run_plan& plan, size_t edges) {
  // Of an edge, messages may be written, on their way, waiting for their step
  // and kept, with up to two payloads each.
  constexpr size_t slots_an_edge = 8;
  constexpr size_t slots_min = 8;
  constexpr size_t slot_bytes_max = size_t{1} << 30;
  constexpr size_t waiting_bytes_min = size_t{64} << 20;
  wire_limits result;
  result.payload_bytes = largest_payload(plan);
  result.slots.bytes = result.payload_bytes;
  auto most = std::max(slots_min, slot_bytes_max / result.slots.stride());
  result.slots.count = static_cast<uint32_t>(
    std::clamp(slots_an_edge * edges, slots_min, most));
  result.waiting_bytes
    = std::max(waiting_bytes_min, 4 * result.payload_bytes);
  return result;
}

/// How the run ends for this process: the first that says so counts.
class first_end {
public:
  void set(const run_over& x) {
    if (!known_.exchange(true))
      end_.set_value(x);
  }

  run_over get() { return end_.get_future().get(); }

private:
  std::atomic<bool> known_{false};
  std::promise<run_over> end_;
};

data_plane::settings wires_of(const run_plan& plan, size_t processes,
                              const join_order& order,
                              const std::vector<acquaintance>& nodes,
                              const std::shared_ptr<first_end>& over) {
  data_plane::settings result;
  result.sockets = order.sockets;
  for (auto edges : edges_of(plan, processes, order.process))
    result.limits.push_back(limits_for(plan, edges));
  for (const auto& x : nodes)
    result.nodes[x.id] = x.handle;
  result.broken = [over](const std::string& text) {
    over->set({static_cast<int32_t>(exit_code::lost), text});
  };
  result.note = [i = order.process](const std::string& text) {
    std::fputs(fmt::format("process {}: warning: {}\n", i, text).c_str(),
               stderr);
  };
  return result;
}

} // namespace

run_end join_run(run_plan& plan, const run_settings& settings,
                 const join_order& order) {
  auto process = order.process;
  // Besides those that compute: those of the actors, network, clocks.
  ensure_threads(settings.threads, settings.threads + 4);
  exit_deadline leaving;
  real_compute compute{settings.threads};
  plan.environment->compute = &compute;
  caf::actor_system_config config;
  configure_network(config, settings.threads, largest_payload(plan));
  plan.content.messages.configure(config);
  caf::actor_system system{config};
  return leaving.bound([&] {
    auto hub = system.middleman().remote_actor(loopback, order.port);
    if (!hub)
      throw error(fmt::format("process {} cannot reach its launcher at port "
                              "{}: {}",
                              process, order.port,
                              describe(system, hub.error())),
                  exit_code::lost);
    host_config own;
    own.process = process;
    own.hub = *hub;
    for (auto id :
         nodes_of_process(plan.environment->nodes, settings.processes,
                          process)) {
      const auto& config_of_node = plan.nodes[static_cast<size_t>(id)];
      own.nodes.push_back(
        {id, system.spawn<node>(plan.environment, config_of_node)});
      own.out_neighbours.push_back(config_of_node.out_neighbours);
    }
    auto over = std::make_shared<first_end>();
    own.on_over = [over](const run_over& x) { over->set(x); };
    auto wires = std::make_shared<data_plane>(
      system, wires_of(plan, settings.processes, order, own.nodes, over));
    own.way = [wires, n = settings.processes](node_id from, node_id to) {
      return wires->courier_to(from, to, process_of(to, n));
    };
    process_joined hello;
    hello.process = process;
    hello.pid = getpid();
    hello.layout = plan.model->layout().digest();
    hello.nodes = own.nodes;
    hello.host = caf::actor_cast<caf::actor>(system.spawn(host, own));
    caf::anon_send(*hub, hello);
    // The host and the heartbeat watch the launcher, so this always ends.
    auto end = over->get();
    for (const auto& x : hello.nodes)
      caf::anon_send_exit(x.handle, caf::exit_reason::user_shutdown);
    return run_end{static_cast<exit_code>(end.code), end.text};
  });
}

} // namespace caps
