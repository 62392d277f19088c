#include "runtime/launch/head.hpp"

#include "actors/coordination/hub.hpp"
#include "runtime/clock/real_compute.hpp"
#include "runtime/launch/message_rules.hpp"
#include "runtime/launch/process_watch.hpp"
#include "runtime/launch/run_links.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/process/silence.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"
#include "runtime/wire/data_plane.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

using namespace std::chrono_literals;

/// What processes get to end by themselves when a run is over.
constexpr auto leave_grace = 5s;

/// Between two looks at the processes.
constexpr auto look_interval = 20ms;

/// Actors of this process that end when a run does, however that is: the actor
/// system waits for them.
struct actors_here {
  std::vector<caf::actor> handles;

  ~actors_here() {
    for (const auto& x : handles)
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }
};

/// Who is told when a process breaks the rules of a link. Links exist before
/// the hub does.
struct hub_handle {
  std::mutex mutex;
  caf::actor hub;

  void lose(size_t process, const std::string& text) {
    std::lock_guard lock{mutex};
    if (hub)
      caf::anon_send(hub, process_lost{static_cast<uint32_t>(process), text});
  }
};

data_plane::settings wires_of(const run_plan& plan, team& all,
                              const std::shared_ptr<hub_handle>& hub) {
  data_plane::settings result;
  result.streams = std::move(all.streams);
  result.limits = limits_of(plan, all.where, all.where.processes());
  result.refusal = [where = all.where](size_t process, node_id, node_id to,
                                       const caf::message& content) {
    return refusal_at_head(where, process, to, content);
  };
  result.broken = [hub](size_t process, const std::string& text) {
    hub->lose(process, text);
  };
  // Nothing takes the place of a message of the head.
  result.note = [](const std::string&) {};
  return result;
}

/// The head's own actors.
struct head_actors {
  caf::actor evaluator;
  caf::actor coordinator;
  /// None where nobody comes and goes.
  caf::actor membership;
  caf::actor hub;
};

head_actors spawn_actors(caf::actor_system& system, const run_plan& plan,
                         const team& all, data_plane& wires,
                         const cluster_services& services) {
  head_actors result;
  result.evaluator = caf::actor_cast<caf::actor>(
    system.spawn(evaluator, make_evaluator_config(plan, services)));
  coordinator_config everybody;
  for (node_id id = 0; id < plan.environment->nodes; ++id)
    everybody.nodes.push_back(
      {id, wires.courier_to(to_coordinator, id, all.where.process_of(id))});
  everybody.evaluator = result.evaluator;
  for (const auto& x : plan.environment->servers)
    everybody.servers.push_back(x.server);
  everybody.observer = services.observer;
  if (plan.membership != nullptr) {
    auto rules = make_membership_config(plan, everybody);
    rules.patience = std::max<std::chrono::nanoseconds>(
      plan.membership->deadline, silence::adaptive_max);
    everybody.membership = system.spawn(membership, std::move(rules));
  }
  result.membership = caf::actor_cast<caf::actor>(everybody.membership);
  result.coordinator
    = caf::actor_cast<caf::actor>(system.spawn(coordinator, everybody));
  hub_config own;
  for (size_t i = 0; i < all.members.size(); ++i)
    own.processes.push_back({all.members[i]->name(),
                             wires.courier_to(to_hub, to_host, i),
                             all.where.nodes_of(i)});
  own.identity = identity_of(plan);
  own.coordinator = result.coordinator;
  own.membership = everybody.membership;
  own.observer = services.observer;
  result.hub = caf::actor_cast<caf::actor>(system.spawn(hub, own));
  return result;
}

/// Waits for the end of the run and watches over it.
run_end attend(end_watch& watch, const run_settings& settings, team& all,
               hub_handle& hub, data_plane& wires) {
  process_watch processes{
    all,
    {[&](size_t i, const std::string& why) {
       wires.end(i);
       hub.lose(i, why);
     },
     [&](size_t i, auto stream) { wires.replace(i, std::move(stream)); },
     [](const std::string& text) {
       std::fputs(fmt::format("note: {}\n", text).c_str(), stderr);
     }}};
  bool stopping = false;
  while (!watch.wait_for(look_interval)) {
    processes.look(watch.started() && !stopping);
    if (watch.started()) {
      watch.tell_whom_it_waits_for();
      if (settings.setup != nullptr)
        settings.setup->end();
    }
    if (!stopping && settings.interrupted != nullptr && *settings.interrupted) {
      stopping = true;
      caf::anon_send(hub.hub, stop_training{});
    }
  }
  return *watch.end();
}

/// Has all processes end; those that are still setting up have nothing to end.
void let_go(team& all, const data_plane& wires,
            std::chrono::milliseconds grace) {
  using clock = std::chrono::steady_clock;
  auto deadline = clock::now() + grace;
  for (size_t i = 0; i < all.members.size(); ++i) {
    auto left = wires.is_awaited(i) ? 0s : deadline - clock::now();
    all.members[i]->finish(
      std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(left, clock::duration::zero())));
  }
}

} // namespace

run_end run_head(run_plan& plan, const run_settings& settings,
                 run_observer& observer, const std::function<team()>& gather) {
  // A thread for the evaluator and one for those that must not wait for it.
  constexpr size_t actor_threads = 2;
  // The evaluator computes as well; heartbeats, network, clocks.
  ensure_threads(settings.threads + 1, actor_threads + settings.processes + 4);
  exit_deadline leaving;
  auto all = gather();
  if (settings.setup != nullptr) {
    settings.setup->begin("setting up the processes");
    settings.setup->hand_over();
  }
  real_compute compute{settings.threads};
  wait_notice notice{plan.environment->nodes};
  end_watch watch{observer, &notice};
  caf::actor_system_config config;
  configure_process(config, actor_threads, plan);
  caf::actor_system system{config};
  return leaving.bound([&] {
    auto hub = std::make_shared<hub_handle>();
    data_plane wires{system, wires_of(plan, all, hub)};
    auto own = spawn_actors(system, plan, all, wires,
                            {&compute, &watch, false});
    actors_here here{{own.hub, own.evaluator, own.coordinator}};
    if (own.membership)
      here.handles.push_back(own.membership);
    {
      std::lock_guard lock{hub->mutex};
      hub->hub = own.hub;
    }
    std::map<node_id, caf::actor> receivers{{to_hub, own.hub},
                                            {to_coordinator, own.coordinator},
                                            {to_evaluator, own.evaluator}};
    if (own.membership)
      receivers[to_membership] = own.membership;
    wires.start(std::move(receivers));
    auto end = attend(watch, settings, all, *hub, wires);
    caf::anon_send(own.hub,
                   run_over{static_cast<int32_t>(end.code), end.text});
    let_go(all, wires, watch.started() ? leave_grace : 0s);
    return end;
  });
}

} // namespace caps
