#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/recording/recorder.hpp"
#include "runtime/report/stopwatch.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// Facts of a run that are known before it starts.
struct run_facts {
  std::string scenario;
  uint64_t seed = 0;
  std::string clock;
  std::string protocol;
  std::string model;
  size_t threads = 1;
  size_t processes = 1;
  int64_t parameters = 0;
  /// Nodes that train; parameter servers, if any, have higher ids.
  int64_t training_nodes = 0;
};

/// Collects the outcome of a run: writes summary.json at its end, and gives
/// the same as text for --json.
class summary final : public run_observer {
public:
  /// `file` may be empty: then nothing is written.
  summary(std::filesystem::path file, run_facts facts);

  /// The summary tells of this recording, which ends before it and outlives
  /// it.
  void tell_of(const recorder& x) { recording_ = &x; }

  /// After the end of the run: the parts of its recording have become this one.
  void tell_of_merged(const recording_outcome& x);

  void on_start() override;
  void on_resumed() override;
  void on_progress(node_id node, int64_t step) override;
  void on_row(const metrics_row& row) override;
  void on_lost(const node_event& x) override;
  void on_metrics(const node_metrics& x) override;
  void on_view(const view_row& x) override;
  void on_end(const run_end& end) override;

  /// The summary as JSON, complete once the run has ended.
  const std::string& json() const noexcept { return json_; }

private:
  void write(const std::string& text);

  /// Steps of all nodes so far.
  int64_t steps() const;

  std::filesystem::path file_;
  run_facts facts_;
  stopwatch since_start_;
  /// Steps that the run this one goes on from had made.
  int64_t steps_before_ = 0;
  double startup_seconds_ = 0;
  /// The last row and step count of each node.
  std::map<node_id, metrics_row> last_;
  std::map<node_id, int64_t> steps_;
  std::map<node_id, node_metrics> metrics_;
  /// Of the last epoch that has them.
  std::optional<double> consensus_distance_;
  std::optional<double> mean_model_accuracy_;
  /// Nodes that were done without, in the order in which they went.
  std::vector<node_event> lost_;
  std::vector<view_row> views_;
  std::string json_;
  const recorder* recording_ = nullptr;
};

/// Seconds since this process was started, loading of libraries included; to
/// a hundredth.
double process_age_seconds();

/// Largest resident memory of this process so far, in bytes.
uint64_t peak_memory_bytes();

} // namespace caps
