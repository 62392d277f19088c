#include "actors/coordination/hub.hpp"

#include "messages/error_code.hpp"
#include "models/options.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

using hub_pointer = hub_actor::stateful_pointer<hub_state>;

/// Ends a run that has not started.
void fail(hub_pointer self, const std::string& text) {
  self->state.config.observer->on_end({exit_code::lost, text});
}

std::vector<acquaintance> all_nodes(const hub_state& st) {
  std::vector<acquaintance> result;
  for (const auto& [process, x] : st.joined)
    result.insert(result.end(), x.nodes.begin(), x.nodes.end());
  std::ranges::sort(result, {}, &acquaintance::id);
  return result;
}

void start(hub_pointer self) {
  auto start = caf::actor_cast<caf::actor>(self->state.coordinator);
  caf::anon_send(start, start_training{});
}

void wire(hub_pointer self) {
  auto& st = self->state;
  wiring content;
  coordinator_config config;
  config.nodes = all_nodes(st);
  config.evaluator = st.config.evaluator;
  config.servers = st.config.servers;
  config.observer = st.config.observer;
  st.coordinator = self->spawn(coordinator, config);
  content.coordinator = caf::actor_cast<caf::actor>(st.coordinator);
  content.evaluator = st.config.evaluator;
  st.unwired = st.joined.size();
  for (const auto& [process, x] : st.joined) {
    auto handle = caf::actor_cast<host_actor>(x.host);
    self->request(handle, st.config.join_timeout, content)
      .then(
        [self](caf::ok_atom) {
          if (--self->state.unwired == 0)
            start(self);
        },
        [self](const caf::error& what) {
          fail(self, describe(self->home_system(), what));
        });
  }
}

void take_in(hub_pointer self, const process_joined& x) {
  auto& st = self->state;
  if (x.layout != st.config.layout || x.process >= st.config.processes) {
    fail(self, fmt::format("process {} (pid {}) was started with another "
                           "scenario",
                           x.process, x.pid));
    return;
  }
  st.joined[x.process] = x;
  if (st.joined.size() == st.config.processes)
    wire(self);
}

void lose(hub_pointer self, const process_lost& x) {
  auto& st = self->state;
  auto text = fmt::format("process {} {}", x.process, x.text);
  auto i = st.joined.find(x.process);
  if (!st.coordinator || i == st.joined.end()) {
    fail(self, text);
    return;
  }
  std::vector<node_id> ids;
  for (const auto& node : i->second.nodes)
    ids.push_back(node.id);
  text += fmt::format("; node{} {} lost", ids.size() > 1 ? "s" : "",
                      fmt::join(ids, ", "));
  auto coordinator = caf::actor_cast<caf::actor>(st.coordinator);
  for (auto id : ids)
    caf::anon_send(coordinator,
                   node_failed{{id, 0, 0, 0},
                               static_cast<uint8_t>(error_code::node_lost),
                               text});
}

} // namespace

hub_actor::behavior_type hub(hub_pointer self, hub_config config) {
  self->state.config = std::move(config);
  self->delayed_send(self, self->state.config.join_timeout,
                     caf::timeout_atom::value);
  return {
    [self](const process_joined& x) { take_in(self, x); },
    [self](const process_lost& x) { lose(self, x); },
    [self](stop_training) {
      auto& st = self->state;
      if (st.coordinator)
        caf::anon_send(caf::actor_cast<caf::actor>(st.coordinator),
                       stop_training{});
      else
        st.config.observer->on_end({exit_code::interrupted, "interrupted"});
    },
    [self](const run_over& x) {
      for (const auto& [process, joined] : self->state.joined)
        caf::anon_send(joined.host, x);
    },
    [self](caf::timeout_atom) {
      auto& st = self->state;
      if (st.joined.size() < st.config.processes)
        fail(self, fmt::format("only {} of {} processes joined within {}",
                               st.joined.size(), st.config.processes,
                               to_text(st.config.join_timeout)));
    },
  };
}

} // namespace caps
