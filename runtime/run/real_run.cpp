#include "runtime/clock/real_compute.hpp"
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
  real_compute compute{settings.threads};
  end_watch watch{observer};
  caf::actor_system_config config;
  add_messages(config);
  plan.content.messages.configure(config);
  config.set("scheduler.max-threads", settings.threads);
  caf::actor_system system{config};
  auto actors = start_cluster(system, plan, {&compute, &watch, true});
  bool stopping = false;
  while (!watch.wait_for(100ms)) {
    if (!stopping && settings.interrupted != nullptr && *settings.interrupted) {
      stopping = true;
      caf::anon_send(actors.coordinator, stop_training{});
    }
  }
  actors.shut_down();
  return *watch.end();
}

} // namespace caps
