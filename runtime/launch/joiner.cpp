#include "actors/coordination/host.hpp"
#include "messages/error_code.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/network.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"

#include <caf/io/middleman.hpp>

#include <fmt/format.h>

#include <future>

#include <unistd.h>

namespace caps {

run_end join_run(run_plan& plan, const run_settings& settings,
                 uint16_t launcher_port, uint32_t process) {
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
    auto hub = system.middleman().remote_actor(loopback, launcher_port);
    if (!hub)
      throw error(fmt::format("process {} cannot reach its launcher at port "
                              "{}: {}",
                              process, launcher_port,
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
    std::promise<run_over> over;
    own.on_over = [&over](const run_over& x) { over.set_value(x); };
    process_joined hello;
    hello.process = process;
    hello.pid = getpid();
    hello.layout = plan.model->layout().digest();
    hello.nodes = own.nodes;
    hello.host = caf::actor_cast<caf::actor>(system.spawn(host, own));
    hello.port = publish(system, hello.host);
    caf::anon_send(*hub, hello);
    // The host and the heartbeat watch the launcher, so this always ends.
    auto end = over.get_future().get();
    for (const auto& x : hello.nodes)
      caf::anon_send_exit(x.handle, caf::exit_reason::user_shutdown);
    return run_end{static_cast<exit_code>(end.code), end.text};
  });
}

} // namespace caps
