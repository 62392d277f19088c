#pragma once

#include "messages/fwd.hpp"
#include "runtime/wire/link_place.hpp"

#include <caf/event_based_actor.hpp>

#include <memory>

namespace caps {

/// Stands for a node of another process at a node of this one: takes any
/// registered message and sends it over the link of the two processes, if there
/// is one. Messages of an edge keep their order.
caf::behavior courier(caf::event_based_actor* self,
                      const std::shared_ptr<const link_place>& place,
                      node_id from, node_id to);

} // namespace caps
