#pragma once

#include "models/errors.hpp"
#include "models/state.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/fwd.hpp>

#include <string>
#include <string_view>

namespace caps {

/// Visits a piece of state that could travel in a message, as the bytes it
/// would travel as. Throws `error` for a message of a type that was never
/// registered, and `input_error` for bytes that are none.
template <class T>
void visit_as_sent(caf::actor_system& system, state_visitor& visitor,
                   std::string_view name, T& value) {
  caf::binary_serializer::container_type written;
  caf::binary_serializer sink{system, written};
  if (sink(value))
    throw error("the state '" + std::string{name} + "' cannot be written");
  std::string now{written.begin(), written.end()};
  auto wanted = now;
  visitor.bytes(name, wanted);
  if (wanted == now)
    return;
  caf::binary_deserializer source{system, wanted.data(), wanted.size()};
  if (source(value))
    throw input_error("the state '" + std::string{name}
                      + "' cannot be read back");
}

} // namespace caps
