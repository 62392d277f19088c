#include "actors/links/delay_injector.hpp"

#include <caf/actor_clock.hpp>
#include <caf/event_based_actor.hpp>

namespace caps {

namespace {

using injector_pointer = caf::stateful_actor<delay_injector_state>*;

void deliver(injector_pointer self, const envelope& x,
             link_traffic::duration delay) {
  auto destination = caf::actor_cast<caf::strong_actor_ptr>(x.destination);
  auto letter = caf::make_mailbox_element(
    self->current_sender(), caf::make_message_id(), {}, x.content);
  // A timer of no time would let messages after it arrive before it.
  if (delay.count() == 0)
    destination->enqueue(std::move(letter), self->context());
  else
    self->clock().schedule_message(self->clock().now() + delay,
                                   std::move(destination), std::move(letter));
}

} // namespace

caf::behavior delay_injector(injector_pointer self,
                             const link_traffic& traffic) {
  if (!self->state.traffic)
    self->state.traffic = traffic;
  return {
    [self](const envelope& x) {
      auto now = self->clock().now().time_since_epoch();
      auto fate = self->state.traffic->send(now, x.bytes);
      for (size_t i = 0; i < fate.copies; ++i)
        deliver(self, x, fate.delays[i]);
    },
    [self](const link_model& x) { self->state.traffic->change(x); },
  };
}

} // namespace caps
