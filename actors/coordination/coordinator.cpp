#include "actors/coordination/coordinator.hpp"

#include "messages/error_code.hpp"
#include "models/state.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

using coordinator_pointer
  = coordinator_actor::stateful_pointer<coordinator_state>;

/// Evaluations that are still queued when training ends may take long; this
/// bound only keeps a broken evaluator from hanging the run.
constexpr auto flush_timeout = std::chrono::minutes{60};

exit_code exit_code_of(uint8_t code) {
  switch (static_cast<error_code>(code)) {
    case error_code::diverged:
      return exit_code::diverged;
    case error_code::deadline_passed:
    case error_code::node_lost:
      return exit_code::lost;
    default:
      return exit_code::failure;
  }
}

void report_end(coordinator_pointer self) {
  auto& st = self->state;
  if (st.ended)
    return;
  st.ended = true;
  st.config.observer->on_end(st.end);
  st.config.membership = nullptr;
  self->quit();
}

void flush(coordinator_pointer self) {
  auto& st = self->state;
  self->request(st.config.evaluator, flush_timeout, caf::flush_atom::value)
    .then([self](caf::ok_atom) { report_end(self); },
          [self](const caf::error& what) {
            auto& end = self->state.end;
            if (end.code == exit_code::success)
              end
                = {exit_code::failure, "the evaluator failed: "
                                         + describe(self->home_system(), what)};
            report_end(self);
          });
}

void stop(coordinator_pointer self) {
  auto& st = self->state;
  if (st.stopping)
    return;
  st.stopping = true;
  for (const auto& node : st.config.nodes)
    if (st.running.count(node.id) > 0)
      caf::anon_send(node.handle, stop_training{});
  if (st.config.membership)
    caf::anon_send(st.config.membership, stop_training{});
  self->delayed_send(self, st.config.stop_timeout, caf::timeout_atom::value);
}

bool is_server(const coordinator_state& st, node_id id) {
  return std::ranges::find(st.config.servers, id) != st.config.servers.end();
}

/// What befell a node now.
node_event event_of(coordinator_pointer self, const node_failed& x) {
  auto now = self->clock().now().time_since_epoch();
  return {x.stamp, (now - self->state.started).count(), x.text};
}

/// Tells of a node that is gone.
void report_loss(coordinator_pointer self, const node_failed& x) {
  self->state.config.observer->on_lost(event_of(self, x));
}

/// Leaves it to the servers whether the run goes on.
void lose_worker(coordinator_pointer self, const node_failed& x) {
  auto& st = self->state;
  report_loss(self, x);
  for (const auto& node : st.config.nodes)
    if (is_server(st, node.id))
      caf::anon_send(node.handle, worker_lost{x.stamp.source, x.text});
}

void finished(coordinator_pointer self, node_id id) {
  auto& st = self->state;
  if (st.running.erase(id) == 0)
    return;
  st.config.observer->on_finished(id);
  if (st.config.membership)
    caf::anon_send(st.config.membership, node_finished{{id, 0, 0, 0}});
  if (!st.running.empty())
    return;
  if (!st.survived && st.end.code == exit_code::success)
    st.end = {exit_code::lost, "no node is left: all have crashed"};
  flush(self);
}

} // namespace

void coordinator_state::visit_state(state_visitor& visitor) {
  std::vector<int64_t> ids{running.begin(), running.end()};
  visitor.integers("running", ids);
  running.clear();
  for (auto id : ids)
    running.insert(static_cast<node_id>(id));
  visit_value(visitor, "started", started);
  visit_value(visitor, "survived", survived);
}

coordinator_actor::behavior_type coordinator(coordinator_pointer self,
                                             coordinator_config config) {
  auto& st = self->state;
  st.config = std::move(config);
  for (const auto& node : st.config.nodes)
    st.running.insert(node.id);
  return {
    [self](start_training) {
      self->state.started = self->clock().now().time_since_epoch();
      self->state.config.observer->on_start();
      for (const auto& node : self->state.config.nodes)
        caf::anon_send(node.handle, start_training{});
      if (self->state.config.membership)
        self->send(self->state.config.membership, start_training{});
    },
    [self](const progress& x) {
      self->state.config.observer->on_progress(x.stamp.source, x.stamp.step);
    },
    [self](const node_event& x) { self->state.config.observer->on_event(x); },
    [self](const node_metrics& x) {
      self->state.config.observer->on_metrics(x);
    },
    [self](const node_finished& x) {
      self->state.config.observer->on_progress(x.stamp.source, x.stamp.step);
      self->state.survived = true;
      finished(self, x.stamp.source);
    },
    [self](const node_failed& x) {
      if (x.code == static_cast<uint8_t>(error_code::node_crashed)) {
        report_loss(self, x);
        finished(self, x.stamp.source);
        return;
      }
      const auto& servers = self->state.config.servers;
      if (x.code == static_cast<uint8_t>(error_code::node_lost)
          && !servers.empty() && x.stamp.source != no_node
          && !is_server(self->state, x.stamp.source)) {
        lose_worker(self, x);
        finished(self, x.stamp.source);
        return;
      }
      self->state.config.observer->on_failed(event_of(self, x));
      auto& end = self->state.end;
      if (end.code == exit_code::success) // the first failure is the cause
        end = {exit_code_of(x.code), x.text};
      stop(self);
      finished(self, x.stamp.source);
    },
    [self](stop_training) {
      auto& end = self->state.end;
      if (end.code == exit_code::success)
        end = {exit_code::interrupted, "interrupted"};
      stop(self);
    },
    [self](caf::timeout_atom) {
      if (!self->state.running.empty()) {
        self->state.running.clear();
        flush(self);
      }
    },
  };
}

} // namespace caps
