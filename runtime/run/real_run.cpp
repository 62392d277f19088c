#include "runtime/clock/real_compute.hpp"
#include "runtime/process/exit_deadline.hpp"
#include "runtime/process/limits.hpp"
#include "runtime/process/setup_phase.hpp"
#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"
#include "runtime/run/run.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <chrono>

namespace caps {

run_end run_real(run_plan& plan, const run_settings& settings,
                 run_observer& observer) {
  using namespace std::chrono_literals;
  // The evaluator computes as well; those of the actors, and clocks.
  ensure_threads(settings.threads + 1, settings.threads + 4);
  exit_deadline leaving;
  real_compute compute{settings.threads};
  wait_notice notice{plan.environment->nodes};
  end_watch watch{observer, &notice};
  caf::actor_system_config config;
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.max-threads", settings.threads);
  caf::actor_system system{config};
  return leaving.bound([&] {
    if (settings.setup != nullptr)
      settings.setup->begin("making the nodes");
    auto actors = start_cluster(system, plan, {&compute, &watch, true});
    if (settings.setup != nullptr)
      settings.setup->end();
    bool stopping = false;
    while (!watch.wait_for(100ms)) {
      watch.tell_whom_it_waits_for();
      if (!stopping && settings.interrupted != nullptr
          && *settings.interrupted) {
        stopping = true;
        caf::anon_send(actors.coordinator, stop_training{});
      }
    }
    actors.shut_down();
    return *watch.end();
  });
}

} // namespace caps
