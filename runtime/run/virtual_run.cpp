#include "runtime/clock/virtual_compute.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"
#include "runtime/run/run.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>

namespace caps {

namespace {

/// Events between two looks at the user's wish to stop.
constexpr int events_between_looks = 64;

/// Says who waits for whom when nothing can happen any more.
std::string describe_standstill(const cluster& actors) {
  constexpr size_t shown_max = 5;
  std::vector<std::string> lines;
  size_t all = 0;
  for (const auto& handle : actors.nodes) {
    const auto& one = dynamic_cast<const node&>(
      *caf::actor_cast<caf::abstract_actor*>(handle));
    for (const auto& x : one.waits()) {
      if (++all <= shown_max)
        lines.push_back(fmt::format(
          "node {} waits for {} from node {} since {:.3f} s", one.id(), x.what,
          x.from, std::chrono::duration<double>(x.since).count()));
    }
  }
  if (all > shown_max)
    lines.push_back(fmt::format("and {} more", all - shown_max));
  return "the run stands still: "
         + (lines.empty() ? "no node waits for anything" : join(lines, "; "));
}

} // namespace

run_end run_virtual(run_plan& plan, const run_settings& settings,
                    run_observer& observer) {
  virtual_compute compute{settings.threads};
  return run_virtual(plan, settings, observer, compute).end;
}

virtual_end run_virtual(run_plan& plan, const run_settings& settings,
                        run_observer& observer, compute_service& compute) {
  end_watch watch{observer};
  caf::actor_system_config config;
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  auto& scheduler
    = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  auto actors = start_cluster(system, plan, {&compute, &watch, false});
  bool stopping = false;
  int64_t events = 0;
  for (int turn = 0; !watch.end(); ++turn) {
    if (turn % events_between_looks == 0 && !stopping
        && settings.interrupted != nullptr && *settings.interrupted) {
      stopping = true;
      caf::anon_send(actors.coordinator, stop_training{});
    }
    // All that is ready at this time comes before time goes on.
    if (scheduler.try_run_once())
      ++events;
    else if (!scheduler.trigger_timeout())
      watch.on_end({exit_code::lost, describe_standstill(actors)});
  }
  actors.shut_down();
  while (scheduler.try_run_once())
    ; // the actors take their leave
  return {*watch.end(), events};
}

} // namespace caps
