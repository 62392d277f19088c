#pragma once

#include "actors/observation/link_table.hpp"
#include "actors/observation/run_observer.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// What is known of a node while its run goes on.
struct node_status {
  /// Steps made; told a hundred times in a run.
  int64_t step = 0;
  /// Makes no more steps.
  bool finished = false;
  /// Of the last epoch that all have reached.
  int64_t epoch = 0;
  std::optional<double> train_loss;
  std::optional<double> test_accuracy;
  uint64_t bytes_sent = 0;
  uint64_t messages_sent = 0;
};

/// What is known of a run while it goes on.
struct run_status {
  std::string name;
  /// "setting up", "running" or "over".
  std::string phase;
  /// Of this machine since the nodes started.
  double seconds = 0;
  /// All nodes' steps a second since then.
  double steps_per_second = 0;
  std::vector<node_status> nodes;
  /// Those that have made the fewest steps and not finished.
  std::vector<node_id> behind;
  /// Of edges between processes, at most a second old.
  link_table links;
};

/// Keeps what is known of a run for those who ask while it goes on, and passes
/// everything on to another observer. Anybody may ask at any time.
class status_board final : public run_observer {
public:
  status_board(run_observer& next, std::string name, node_id nodes);

  run_status look() const;

  void on_start() override;
  void on_resumed() override { next_.on_resumed(); }
  void on_progress(node_id node, int64_t step) override;
  void on_finished(node_id node) override;
  void on_row(const metrics_row& x) override;
  void on_edge(const edge_row& x) override { next_.on_edge(x); }
  void on_round(const round_row& x) override { next_.on_round(x); }
  void on_links(const link_report& x) override;
  void on_event(const node_event& x) override { next_.on_event(x); }
  void on_view(const view_row& x) override { next_.on_view(x); }
  void on_lost(const node_event& x) override { next_.on_lost(x); }
  void on_failed(const node_event& x) override { next_.on_failed(x); }
  void on_metrics(const node_metrics& x) override { next_.on_metrics(x); }
  void on_snapshot(const node_snapshot& x) override { next_.on_snapshot(x); }
  void on_end(const run_end& x) override;

private:
  using clock = std::chrono::steady_clock;

  /// Null for one that this run does not have.
  node_status* find(node_id node);

  run_observer& next_;
  mutable std::mutex mutex_;
  run_status status_;
  std::optional<clock::time_point> started_;
  std::optional<clock::time_point> ended_;
};

/// For `caps_runtime status --json`.
nlohmann::json to_json(const run_status& x);

/// What `caps_runtime status` prints; throws an exception of JSON for what is
/// no status.
std::string status_text(const nlohmann::json& status);

/// As Prometheus reads it (text format 0.0.4).
std::string prometheus_text(const run_status& x);

} // namespace caps
