#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>

namespace caps {

/// The object behind a handle, to be looked at by whoever knows that it handles
/// nothing at this moment. Throws `std::bad_cast` if it is of another type.
template <class T>
T& actor_object(const caf::actor& handle) {
  return dynamic_cast<T&>(*caf::actor_cast<caf::abstract_actor*>(handle));
}

} // namespace caps
