#include "actors/coordination/hub.hpp"

#include "messages/error_code.hpp"
#include "models/options.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

using hub_pointer = hub_actor::stateful_pointer<hub_state>;

/// Ends a run that has not started.
void fail(hub_pointer self, const std::string& text) {
  self->state.config.observer->on_end({exit_code::lost, text});
}

std::string name_of(const hub_state& st, uint32_t process) {
  const auto& name = st.config.processes[process].name;
  auto i = st.joined.find(process);
  return i == st.joined.end() ? name
                              : fmt::format("{} (pid {})", name, i->second);
}

void take_in(hub_pointer self, const process_joined& x) {
  auto& st = self->state;
  const auto& all = st.config.processes;
  if (x.process >= all.size() || (st.started && !st.config.membership))
    return;
  st.joined[x.process] = x.pid;
  auto problem = difference(st.config.identity, x.identity);
  if (!problem.empty()) {
    auto text = fmt::format("{} {}", name_of(st, x.process), problem);
    if (st.started)
      caf::anon_send(all[x.process].host,
                     run_over{static_cast<int32_t>(exit_code::lost), text});
    else
      fail(self, text);
    return;
  }
  if (st.started)
    caf::anon_send(all[x.process].host, all_joined{});
  else if (st.joined.size() == all.size())
    for (const auto& process : all)
      caf::anon_send(process.host, all_joined{});
}

void note_wired(hub_pointer self, uint32_t process) {
  auto& st = self->state;
  if (st.joined.count(process) == 0)
    return;
  if (st.started) {
    if (st.config.membership)
      self->send(st.config.membership,
                 process_returned{st.config.processes[process].nodes});
    return;
  }
  st.wired.insert(process);
  if (st.wired.size() < st.config.processes.size())
    return;
  st.started = true;
  caf::anon_send(st.config.coordinator, start_training{});
}

void lose(hub_pointer self, const process_lost& x) {
  auto& st = self->state;
  if (x.process >= st.config.processes.size())
    return;
  auto text = fmt::format("{} {}", st.config.processes[x.process].name, x.text);
  if (!st.started) {
    fail(self, text);
    return;
  }
  const auto& ids = st.config.processes[x.process].nodes;
  if (st.config.membership) {
    self->send(st.config.membership, process_gone{ids, text});
    return;
  }
  text += fmt::format("; node{} {} lost", ids.size() > 1 ? "s" : "",
                      fmt::join(ids, ", "));
  for (auto id : ids)
    caf::anon_send(st.config.coordinator,
                   node_failed{{id, 0, 0, 0},
                               static_cast<uint8_t>(error_code::node_lost),
                               text});
}

std::string missing(const hub_state& st) {
  std::vector<std::string> names;
  const auto& all = st.config.processes;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (st.wired.count(i) == 0)
      names.push_back(name_of(st, i));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string text_of(const std::vector<std::string>& plugins) {
  return plugins.empty() ? "none"
                         : fmt::format("{}", fmt::join(plugins, ", "));
}

} // namespace

std::string difference(const run_identity& expected,
                       const run_identity& found) {
  if (found.version != expected.version)
    return fmt::format("runs {}, this process {}", found.version,
                       expected.version);
  if (found.plugins != expected.plugins)
    return fmt::format("has other plug-ins: {}, expected {}",
                       text_of(found.plugins), text_of(expected.plugins));
  if (found.data != expected.data)
    return fmt::format("has other data: digest {:016x}, expected {:016x}",
                       found.data, expected.data);
  if (found.layout != expected.layout)
    return fmt::format("has another model: digest of its parameters {:016x}, "
                       "expected {:016x}",
                       found.layout, expected.layout);
  return {};
}

hub_actor::behavior_type hub(hub_pointer self, hub_config config) {
  self->state.config = std::move(config);
  self->delayed_send(self, self->state.config.join_timeout,
                     caf::timeout_atom::value);
  return {
    [self](const process_joined& x) { take_in(self, x); },
    [self](process_wired x) { note_wired(self, x.process); },
    [self](const link_report& x) { self->state.config.observer->on_links(x); },
    [self](const process_lost& x) { lose(self, x); },
    [self](stop_training) {
      auto& st = self->state;
      if (st.started)
        caf::anon_send(st.config.coordinator, stop_training{});
      else
        st.config.observer->on_end({exit_code::interrupted, "interrupted"});
    },
    [self](const run_over& x) {
      for (const auto& process : self->state.config.processes)
        caf::anon_send(process.host, x);
    },
    [self](caf::timeout_atom) {
      auto& st = self->state;
      if (!st.started)
        fail(self, fmt::format("not all processes joined within {}: {} did not",
                               to_text(st.config.join_timeout), missing(st)));
    },
  };
}

} // namespace caps
