#pragma once

#include "actors/observation/run_observer.hpp"
#include "messages/types.hpp"
#include "models/state.hpp"

#include <caf/fwd.hpp>

#include <variant>
#include <vector>

namespace caps {

/// Passes everything on to another observer, and keeps what was measured, so
/// that a run that goes on where this one was can report it as well.
class observation_log final : public run_observer {
public:
  explicit observation_log(run_observer& next) : next_(next) {}

  /// Keeps nothing from here on.
  void stop() {
    stopped_ = true;
    clear();
  }

  /// Shows what was measured since the log was cleared.
  void visit_state(state_visitor& visitor, caf::actor_system& system);

  void clear() { kept_.clear(); }

  /// Reports what is in the log to the other observer.
  void report() const;

  void on_start() override { next_.on_start(); }
  void on_progress(node_id node, int64_t step) override {
    next_.on_progress(node, step);
  }
  void on_row(const metrics_row& x) override;
  void on_edge(const edge_row& x) override;
  void on_round(const round_row& x) override;
  void on_event(const node_event& x) override;
  void on_lost(const node_event& x) override;
  void on_view(const view_row& x) override { next_.on_view(x); }
  void on_failed(const node_event& x) override { next_.on_failed(x); }
  void on_metrics(const node_metrics& x) override;
  void on_snapshot(const node_snapshot& x) override;
  void on_end(const run_end& x) override { next_.on_end(x); }

private:
  /// A node that is gone.
  struct loss {
    node_event what;
  };

  using observation = std::variant<metrics_row, edge_row, round_row, node_event,
                                   node_metrics, node_snapshot, loss>;

  template <class T>
  void keep(const T& x) {
    if (!stopped_)
      kept_.emplace_back(x);
  }

  run_observer& next_;
  std::vector<observation> kept_;
  bool stopped_ = false;
};

} // namespace caps
