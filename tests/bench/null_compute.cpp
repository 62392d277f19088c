#include "tests/bench/null_compute.hpp"

#include "runtime/run/run.hpp"

#include <caf/event_based_actor.hpp>

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
  auto result = run_virtual(plan, {}, nobody, compute);
  if (result.end.code != exit_code::success)
    throw error(result.end.text);
  return result.events;
}

} // namespace caps::bench
