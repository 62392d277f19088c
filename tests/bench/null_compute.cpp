#include "tests/bench/null_compute.hpp"

#include "runtime/run/cluster.hpp"
#include "runtime/run/end_watch.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

namespace caps::bench {

namespace {

class null_compute final : public compute_service {
public:
  void compute(caf::event_based_actor* self, std::function<void()>,
               const cost& price) override {
    self->delayed_send(self, price.step_time, computed{nothing_});
  }

  compute_pool& pool() override { return pool_; }

private:
  compute_pool pool_{0};
  compute_pool::ticket nothing_ = pool_.submit([] {});
};

} // namespace

int64_t run_events(run_plan& plan) {
  null_compute compute;
  run_observer nobody;
  end_watch watch{nobody};
  caf::actor_system_config config;
  add_messages(config);
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  auto& scheduler
    = dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  auto actors = start_cluster(system, plan, {&compute, &watch, false});
  int64_t events = 0;
  while (!watch.end()) {
    if (scheduler.try_run_once())
      ++events;
    else if (!scheduler.trigger_timeout())
      throw error("the run stands still");
  }
  actors.shut_down();
  while (scheduler.try_run_once())
    ;
  if (watch.end()->code != exit_code::success)
    throw error(watch.end()->text);
  return events;
}

} // namespace caps::bench
