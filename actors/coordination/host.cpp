#include "actors/coordination/host.hpp"

#include "models/errors.hpp"

#include <caf/io/middleman.hpp>

#include <fmt/format.h>

namespace caps {

namespace {

using host_pointer = host_actor::stateful_pointer<host_state>;

void over(host_pointer self, const run_over& x) {
  if (self->state.over)
    return;
  self->state.over = true;
  self->state.config.on_over(x);
  self->quit();
}

/// Opens a connection to every process with a lower number, so that each pair
/// has exactly one and messages between nodes take no detour over the hub.
void connect(host_pointer self, const std::vector<uint16_t>& ports) {
  auto& middleman = self->home_system().middleman();
  for (uint32_t i = 0; i < self->state.config.process; ++i)
    if (auto other = middleman.remote_actor("127.0.0.1", ports[i]); !other)
      throw error(fmt::format("process {} cannot reach process {} at port {}: "
                              "{}",
                              self->state.config.process, i, ports[i],
                              describe(self->home_system(), other.error())),
                  exit_code::lost);
}

void introduce_nodes(host_pointer self, const wiring& x) {
  auto& own = self->state.config;
  for (size_t i = 0; i < own.nodes.size(); ++i) {
    introductions content;
    for (auto id : own.out_neighbours[i])
      content.neighbours.push_back(x.nodes[static_cast<size_t>(id)]);
    content.coordinator = x.coordinator;
    content.evaluator = x.evaluator;
    caf::anon_send(own.nodes[i].handle, std::move(content));
  }
}

} // namespace

host_actor::behavior_type host(host_pointer self, host_config config) {
  self->state.config = std::move(config);
  self->monitor(self->state.config.hub);
  self->set_down_handler([self](const caf::down_msg&) {
    over(self, {static_cast<int32_t>(exit_code::lost),
                "the process that started this run is gone"});
  });
  return {
    [self](const wiring& x) -> caf::result<caf::ok_atom> {
      try {
        connect(self, x.ports);
      } catch (const error& e) {
        return make_error(error_code::node_lost, e.what());
      }
      introduce_nodes(self, x);
      return caf::ok_atom::value;
    },
    // Why it is over, the hub's process tells the user.
    [self](const run_over& x) { over(self, {x.code, ""}); },
  };
}

} // namespace caps
