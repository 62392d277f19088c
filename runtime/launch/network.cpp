#include "runtime/launch/network.hpp"

#include "messages/actors.hpp"
#include "messages/error_code.hpp"
#include "models/errors.hpp"

#include <caf/io/middleman.hpp>

namespace caps {

void configure_network(caf::actor_system_config& config, size_t threads,
                       size_t payload_bytes) {
  add_messages(config);
  config.load<caf::io::middleman>();
  config.set("scheduler.max-threads", threads);
  // Threads that steal work look for some 20,000 times a second.
  config.set("scheduler.policy", caf::atom("sharing"));
  payload_bytes_max(payload_bytes);
}

uint16_t publish(caf::actor_system& system, const caf::actor& what) {
  auto port = system.middleman().publish(what, 0, loopback);
  if (!port)
    throw error("cannot open a port on this machine: "
                + describe(system, port.error()));
  return *port;
}

} // namespace caps
