#include "actors/node/actor_object.hpp"
#include "runtime/clock/virtual_compute.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"
#include "runtime/run/kept_run.hpp"
#include "runtime/run/run.hpp"
#include "runtime/run/scenario_change.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <fmt/format.h>

namespace caps {

namespace {

/// Events between two looks at the user's wish to stop.
constexpr int events_between_looks = 64;

/// Says who waits for whom when nothing can happen any more.
std::string describe_standstill(const cluster& actors,
                                std::chrono::nanoseconds now) {
  constexpr size_t shown_max = 5;
  std::vector<std::string> lines;
  size_t all = 0;
  for (const auto& handle : actors.nodes) {
    const auto& one = actor_object<node>(handle);
    for (const auto& x : one.waits()) {
      if (++all <= shown_max)
        lines.push_back(fmt::format(
          "node {} has waited {:.3f} s for {} from node {}", one.id(),
          to_seconds(now - x.since), x.what, x.from));
    }
  }
  if (all > shown_max)
    lines.push_back(fmt::format("and {} more", all - shown_max));
  return "the run stands still: "
         + (lines.empty() ? "no node waits for anything" : join(lines, "; "));
}

/// Makes the plan one of a run that goes on after an event, with everything
/// that had changed by then.
void adopt_changes(run_plan& plan, int64_t position) {
  auto& environment = *plan.environment;
  if (plan.changes)
    plan.changes->up_to(position, environment);
  if (!environment.changed)
    return;
  for (auto& own : plan.nodes) {
    const auto& now = environment.changed->at(static_cast<size_t>(own.id));
    own.compute = now.compute;
    own.links = now.links;
    own.crash_at = now.crash_at;
  }
}

/// The actors of a run, until its end.
class live_cluster {
public:
  live_cluster(cluster actors, caf::scheduler::test_coordinator& scheduler)
    : actors_(std::move(actors)), scheduler_(scheduler) {}

  ~live_cluster() {
    actors_.shut_down();
    run_ready(); // they take their leave
  }

  live_cluster(const live_cluster&) = delete;
  live_cluster& operator=(const live_cluster&) = delete;

  const cluster& get() const noexcept { return actors_; }

  /// Runs all that is ready at this time.
  void run_ready() {
    while (scheduler_.try_run_once())
      ;
  }

private:
  cluster actors_;
  caf::scheduler::test_coordinator& scheduler_;
};

/// Hands the state of the run to its recording. Returns whether states of this
/// run can be kept at all.
bool keep_state(kept_run& run, observation_log& log, event_sink& sink) {
  try {
    if (auto state = run.keep(log))
      sink.keep(std::move(*state));
    return true;
  } catch (const std::exception&) {
    // Forks will start at the beginning. What a computation threw, its node
    // reports when it comes to it.
    log.stop();
    return false;
  }
}

} // namespace

run_end run_virtual(run_plan& plan, const run_settings& settings,
                    run_observer& observer) {
  ensure_threads(settings.threads);
  virtual_compute compute{settings.threads};
  return run_virtual(plan, settings, observer, compute).end;
}

virtual_end run_virtual(run_plan& plan, const run_settings& settings,
                        run_observer& observer, compute_service& compute) {
  observation_log log{observer};
  end_watch watch{log};
  caf::actor_system_config config;
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  auto& scheduler
    = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  scheduler.clock().current_time = caf::actor_clock::time_point{virtual_start};
  if (settings.from != nullptr)
    adopt_changes(plan, settings.from->position);
  if (settings.setup != nullptr)
    settings.setup->begin("making the nodes");
  auto starts = settings.from == nullptr;
  live_cluster actors{
    start_cluster(system, plan, {&compute, &watch, false, starts}), scheduler};
  kept_run states{plan, actors.get(), system, scheduler.clock(),
                  compute.pool()};
  if (!starts) {
    actors.run_ready();
    states.go_on_from(*settings.from, observer);
  }
  auto sink = plan.environment->events;
  bool stopping = false;
  bool keeps_states = sink != nullptr;
  if (!keeps_states)
    log.stop();
  int64_t events = 0;
  if (settings.setup != nullptr)
    settings.setup->end();
  for (int turn = 0; !watch.end(); ++turn) {
    if (turn % events_between_looks == 0 && !stopping
        && settings.interrupted != nullptr && *settings.interrupted) {
      stopping = true;
      caf::anon_send(actors.get().coordinator, stop_training{});
    }
    // All that is ready at this time comes before time goes on.
    if (scheduler.try_run_once()) {
      ++events;
      continue;
    }
    if (keeps_states && sink->wants_run_state())
      keeps_states = keep_state(states, log, *sink);
    if (!scheduler.trigger_timeout())
      watch.on_end(
        {exit_code::lost,
         describe_standstill(actors.get(),
                             scheduler.clock().current_time.time_since_epoch()
                               - virtual_start)});
  }
  return {*watch.end(), events};
}

} // namespace caps
