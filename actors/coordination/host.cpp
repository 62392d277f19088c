#include "actors/coordination/host.hpp"

#include <algorithm>

namespace caps {

namespace {

using host_pointer = host_actor::stateful_pointer<host_state>;

void introduce_nodes(const host_config& own) {
  auto here = [nodes = own.nodes](node_id id) {
    auto i = std::ranges::lower_bound(nodes, id, {}, &acquaintance::id);
    return i != nodes.end() && i->id == id ? i->handle : caf::actor{};
  };
  for (size_t i = 0; i < own.nodes.size(); ++i) {
    auto way = [here, from = own.nodes[i].id, out = own.way](node_id id) {
      auto handle = here(id);
      return handle ? handle : out(from, id);
    };
    introductions content;
    for (auto id : own.out_neighbours[i])
      content.neighbours.push_back({id, way(id)});
    if (own.membership)
      content.way = way;
    content.coordinator = own.coordinator;
    content.evaluator = own.evaluator;
    content.membership = own.membership;
    caf::anon_send(own.nodes[i].handle, std::move(content));
  }
}

} // namespace

host_actor::behavior_type host(host_pointer self, host_config config) {
  self->state.config = std::move(config);
  return {
    [self](all_joined) {
      const auto& own = self->state.config;
      introduce_nodes(own);
      caf::anon_send(own.hub, process_wired{own.process});
    },
    [self](const run_over& x) {
      auto& st = self->state;
      if (st.over)
        return;
      st.over = true;
      // Why it is over, the hub's process tells the user.
      st.config.on_over({x.code, ""});
      self->quit();
    },
  };
}

} // namespace caps
