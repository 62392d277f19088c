#include "actors/coordination/host.hpp"

#include "models/errors.hpp"

#include <algorithm>

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

void introduce_nodes(host_pointer self, const wiring& x) {
  auto& own = self->state.config;
  auto here = [&](node_id id) {
    auto i = std::ranges::lower_bound(own.nodes, id, {}, &acquaintance::id);
    return i != own.nodes.end() && i->id == id ? i->handle : caf::actor{};
  };
  for (size_t i = 0; i < own.nodes.size(); ++i) {
    introductions content;
    for (auto id : own.out_neighbours[i]) {
      auto handle = here(id);
      content.neighbours.push_back(
        {id, handle ? handle : own.way(own.nodes[i].id, id)});
    }
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
    [self](const wiring& x) {
      introduce_nodes(self, x);
      return caf::ok_atom::value;
    },
    // Why it is over, the hub's process tells the user.
    [self](const run_over& x) { over(self, {x.code, ""}); },
  };
}

} // namespace caps
