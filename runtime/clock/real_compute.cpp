#include "runtime/clock/real_compute.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <memory>

namespace caps {

namespace {

using machine_clock = std::chrono::steady_clock;

} // namespace

void real_compute::compute(caf::event_based_actor* self,
                           std::function<void()> work, const cost& price) {
  auto spent = std::make_shared<machine_clock::duration>(0);
  auto timed = [spent, work = std::move(work)] {
    auto begin = machine_clock::now();
    work();
    *spent = machine_clock::now() - begin;
  };
  auto answer = [spent, price, handle = caf::actor_cast<caf::actor>(self)](
                  const compute_pool::ticket& ticket) {
    auto stretch = std::chrono::duration_cast<duration>(
      *spent * (price.factor > 1 ? price.factor - 1 : 0));
    auto wait = price.delay + stretch;
    if (wait.count() > 0)
      caf::delayed_anon_send(handle, wait, computed{ticket});
    else
      caf::anon_send(handle, computed{ticket});
  };
  pool_.submit(std::move(timed), std::move(answer));
}

} // namespace caps
