#pragma once

#include "actors/observation/event_sink.hpp"
#include "actors/observation/run_observer.hpp"
#include "runtime/recording/recording_budget.hpp"
#include "runtime/recording/recording_level.hpp"
#include "runtime/recording/recording_writer.hpp"
#include "runtime/recording/state_cadence.hpp"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace caps {

class recording_file;

struct recorder_options {
  std::filesystem::path file;
  recording_level level = recording_level::events;
  /// Epochs between two snapshots of a node; 0: at the start and the end only.
  int64_t snapshot_every = 1;
  /// Told once, from the writing thread, when writing fails.
  std::function<void(const std::string&)> on_failure;
  /// The run goes on where this recorded one was after event `after`: up to
  /// there, the new recording is a copy. Null for a run from its start.
  recording_file* original = nullptr;
  int64_t after = 0;
  /// Updates of a node between two snapshots, at least.
  int64_t snapshot_steps = 0;
  /// Bytes of the file, beyond which no snapshots are kept.
  int64_t budget = int64_t{1} << 30;
  /// Which part of a recording it is (`part_text`), where each process of a run
  /// makes one: its events have times of the machine's clock. Empty for one
  /// that stands alone.
  std::string part{};
};

/// What became of a recording.
struct recording_outcome {
  recording_level level = recording_level::off;
  std::string file;
  int64_t events = 0;
  /// Bytes of the file at the end.
  uint64_t bytes = 0;
  /// Snapshots of nodes that were not kept, as there would have been too many.
  int64_t snapshots_left_out = 0;
  /// Why it was given up; empty if it was not.
  std::string failure;
};

/// Writes a run to its recording. Nodes, coordinator and evaluator hand over
/// what happens, in any thread; a thread of its own writes it, a transaction
/// every `commit_interval`. What waits to be written is bounded: whoever hands
/// over more waits. A failure to write, or a disk that is nearly full, ends the
/// recording, never the run.
class recorder final : public event_sink, public run_observer {
public:
  static constexpr std::chrono::milliseconds commit_interval{200};

  /// Bytes that may wait to be written.
  static constexpr size_t waiting_bytes_max = size_t{64} << 20;

  /// Bytes of snapshots and payloads in one transaction, about.
  static constexpr size_t transaction_bytes_max = size_t{8} << 20;

  /// Bytes of the disk that are left to the other results of the run.
  static constexpr size_t disk_bytes_left = size_t{4} << 20;

  /// Creates the file; if that fails, the recording has already ended.
  recorder(recorder_options options, recording_facts facts);

  ~recorder() override;

  /// Whether nodes shall report their events to it.
  bool wants_events() const noexcept {
    return options_.level >= recording_level::events;
  }

  /// Complete once the run has ended.
  recording_outcome outcome() const;

  // -- implementation of event_sink -------------------------------------------

  event_ticket begin(const event_begin& x) override;
  void end(const event_end& x) override;
  void note(node_id node, const event_ticket& event, bool failure,
            const std::string& text) override;
  std::optional<int64_t> snapshot_every() const override;
  bool wants_run_state() const override;
  void keep(run_state x) override;

  // -- implementation of run_observer -----------------------------------------

  void on_resumed() override { in_copy_ = false; }
  void on_row(const metrics_row& x) override;
  void on_edge(const edge_row& x) override;
  void on_round(const round_row& x) override;
  void on_view(const view_row& x) override;
  void on_event(const node_event& x) override { keep_note(x, false); }
  void on_lost(const node_event& x) override { keep_note(x, true); }
  void on_failed(const node_event& x) override { on_lost(x); }
  void on_metrics(const node_metrics& x) override;
  void on_end(const run_end& x) override;

private:
  using clock = std::chrono::steady_clock;

  /// An event with all that belongs to it.
  struct full_event {
    event_row row;
    std::optional<state_snapshot> snapshot;
    caf::message content;
  };

  using item = std::variant<full_event, metric_row, note_row, run_state>;

  void copy_start();
  void push(item x, size_t bytes, size_t message_bytes = 0);
  void put_metric(metric_row x);
  void keep_note(const node_event& x, bool failure);
  void put(const std::string& name, std::optional<double> value, node_id node,
           double seconds, std::optional<int64_t> epoch,
           std::optional<int64_t> step);
  void work();
  void commit();
  void finish(const run_end& end);
  void require_space(size_t bytes) const;
  void write(std::vector<item> batch);
  void write(const full_event& x);
  void write(const event_row& row, const state_snapshot& x);
  void write(const run_state& x);
  void give_up(const std::string& why);
  void close(const run_end* end);

  recorder_options options_;
  clock::time_point created_ = clock::now();
  std::unique_ptr<recording_writer> writer_;
  /// Events that ended before one that began earlier; the writer's own.
  std::map<int64_t, full_event> early_;
  /// The writer's own as well.
  recording_budget budget_;
  /// Time of the last row; those of edges come after the rows of their epoch.
  double row_seconds_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable emptied_;
  std::vector<item> queue_;
  size_t queue_bytes_ = 0;
  bool closing_ = false;
  bool stopped_ = false;
  std::optional<run_end> end_;
  std::string failure_;
  int64_t written_ = 0;
  /// Events begun, and the run's clock at the first and the last of them.
  int64_t begun_ = 0;
  int64_t first_time_ = 0;
  int64_t last_time_ = 0;
  /// Whether everything reported so far is in the copied start already.
  bool in_copy_ = false;
  state_cadence cadence_;

  std::thread thread_;
};

} // namespace caps
