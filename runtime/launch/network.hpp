#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <cstdint>

namespace caps {

/// The only address processes of one machine talk over. Other addresses need
/// mutual TLS.
constexpr auto loopback = "127.0.0.1";

/// Settings of an actor system that talks to other processes. Payloads larger
/// than `payload_bytes` will be refused.
void configure_network(caf::actor_system_config& config, size_t threads,
                       size_t payload_bytes);

/// Publishes an actor at a free port of this machine and returns the port;
/// throws `error`.
uint16_t publish(caf::actor_system& system, const caf::actor& what);

} // namespace caps
