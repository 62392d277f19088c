#include "runtime/clock/virtual_compute.hpp"

#include <caf/event_based_actor.hpp>

namespace caps {

void virtual_compute::compute(caf::event_based_actor* self,
                              std::function<void()> work, const cost& price) {
  auto ticket = pool_.submit(std::move(work));
  self->delayed_send(self, price.step_time + price.delay, computed{ticket});
}

} // namespace caps
