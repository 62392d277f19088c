#include "actors/coordination/host.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/launch.hpp"
#include "runtime/launch/message_rules.hpp"
#include "runtime/launch/run_links.hpp"
#include "runtime/launch/team_links.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/wire/data_plane.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <memory>

#include <unistd.h>

namespace caps {

namespace {

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

data_plane::settings wires_of(const run_plan& plan, const join_order& order,
                              const std::shared_ptr<first_end>& over) {
  auto head = order.where.processes();
  data_plane::settings result;
  result.streams = connect_to_team(order);
  result.limits = limits_of(plan, order.where, order.process);
  result.refusal = [where = order.where](size_t process, node_id from,
                                         node_id to,
                                         const caf::message& content) {
    return refusal_at_process(where, process, from, to, content);
  };
  result.broken = [over, head](size_t process, const std::string& text) {
    auto who = process == head ? std::string{"the head of the run"}
                               : fmt::format("process {}", process);
    over->set({static_cast<int32_t>(exit_code::lost),
               fmt::format("{}: {}", who, text)});
  };
  result.closed = [over, head](size_t process) {
    // Of others than the head, the head is told.
    if (process == head)
      over->set({static_cast<int32_t>(exit_code::lost),
                 "the process that started this run is gone"});
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
  auto head = order.where.processes();
  // Besides those that compute: those of the actors, network, clocks.
  ensure_threads(settings.threads, settings.threads + 4);
  exit_deadline leaving;
  real_compute compute{settings.threads};
  plan.environment->compute = &compute;
  caf::actor_system_config config;
  configure_process(config, settings.threads, plan);
  caf::actor_system system{config};
  return leaving.bound([&] {
    auto over = std::make_shared<first_end>();
    auto wires = std::make_shared<data_plane>(system,
                                              wires_of(plan, order, over));
    host_config own;
    own.process = process;
    std::map<node_id, caf::actor> receivers;
    for (auto id : order.where.nodes_of(process)) {
      const auto& config_of_node = plan.nodes[static_cast<size_t>(id)];
      auto handle = system.spawn<node>(plan.environment, config_of_node);
      own.nodes.push_back({id, handle});
      own.out_neighbours.push_back(config_of_node.out_neighbours);
      receivers[id] = handle;
    }
    own.hub = wires->courier_to(to_host, to_hub, head);
    own.coordinator = wires->courier_to(to_host, to_coordinator, head);
    own.evaluator = wires->courier_to(to_host, to_evaluator, head);
    own.on_over = [over](const run_over& x) { over->set(x); };
    own.way = [wires, where = order.where](node_id from, node_id to) {
      return wires->courier_to(from, to, where.process_of(to));
    };
    process_joined hello{process, getpid(), identity_of(plan)};
    auto to_hub_here = own.hub;
    receivers[to_host]
      = caf::actor_cast<caf::actor>(system.spawn(host, std::move(own)));
    wires->start(receivers);
    caf::anon_send(to_hub_here, hello);
    // The link to the head and the heartbeat end this, so it always ends.
    auto end = over->get();
    for (const auto& [id, handle] : receivers)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    return run_end{static_cast<exit_code>(end.code), end.text};
  });
}

} // namespace caps
