#include "runtime/wire/courier.hpp"

#include "runtime/wire/message_trace.hpp"

namespace caps {

caf::behavior courier(caf::event_based_actor* self,
                      const std::shared_ptr<const link_place>& place,
                      node_id from, node_id to) {
  using result = caf::result<caf::message>;
  self->set_default_handler(
    [=](caf::scheduled_actor*, caf::message_view& x) -> result {
      if (auto link = place->get())
        link->send(from, to, with_trace(x.move_content_to_message()));
      return caf::message{};
    });
  // Whatever comes is for the default handler.
  return {[](caf::timeout_atom, caf::unit_t) {}};
}

} // namespace caps
