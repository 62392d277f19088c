#include "actors/delay_injector.hpp"

#include <caf/actor_clock.hpp>
#include <caf/event_based_actor.hpp>

namespace caps {

caf::behavior
delay_injector(caf::stateful_actor<delay_injector_state>* self,
               const link_model& link) {
  return {
    [self, link](const envelope& x) {
      auto& clock = self->clock();
      clock.schedule_message(
        clock.now() + link.latency,
        caf::actor_cast<caf::strong_actor_ptr>(x.destination),
        caf::make_mailbox_element(self->current_sender(),
                                  caf::make_message_id(), {}, x.content));
    },
  };
}

} // namespace caps
