#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/report/stopwatch.hpp"

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Tells a person how a run goes: on a terminal a progress bar with steps per
/// second and time left, elsewhere plain lines; a line for each epoch and a
/// table of the nodes at the end.
class console final : public run_observer {
public:
  struct options {
    /// Nodes that train.
    int64_t nodes = 0;
    int64_t epochs = 0;
    /// Steps of all nodes together.
    int64_t steps_total = 0;
    /// Whether parameter servers follow the nodes: their rows are the ones that
    /// tell how good the parameters are.
    bool served = false;
  };

  /// Writes to `out`, which it does not own.
  console(std::FILE* out, const options& run);

  /// Prints text. What cannot be printed is lost: a run goes on if nobody
  /// reads along any more.
  void print(std::string_view text);

  void on_start() override;
  void on_progress(node_id node, int64_t step) override;
  void on_row(const metrics_row& row) override;
  void on_end(const run_end& end) override;

private:
  void draw_bar();
  void clear_bar();
  void print_epoch(const std::vector<metrics_row>& rows);
  void end_epoch();
  void print_table();
  void collect(const metrics_row& row);

  std::FILE* out_;
  options run_;
  bool terminal_;
  bool bar_shown_ = false;
  stopwatch watch_;
  double bar_drawn_at_ = -1;
  std::map<node_id, int64_t> steps_;
  int64_t steps_done_ = 0;
  std::vector<metrics_row> epoch_rows_;
  /// Nodes that crashed in the epochs before.
  size_t crashed_ = 0;
  std::map<node_id, metrics_row> last_;
};

/// "1.2 GB": bytes for people, powers of 1000.
std::string human_bytes(double bytes);

/// "1 h 02 min", "2 min 05 s", "3.4 s".
std::string human_seconds(double seconds);

} // namespace caps
