#pragma once

#include "models/checkpoint/safetensors.hpp"
#include "runtime/recording/rerun.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run_file/node_states.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace caps {

/// The states of nodes at every event of a recording, from running it again as
/// far as is asked for. States on the way are remembered, the older ones as
/// parameters alone, so that a step back costs nothing; what has been forgotten
/// is run again from the nearest snapshot of all nodes: those in the recording,
/// and those taken on the way (from the start, if there are none, because the
/// protocol does not show its state). Parameters
/// and gradients are not copied, since nobody writes to what others hold (see
/// `flat_buffer`).
class rerun_states final : public node_states {
public:
  struct options {
    /// Compute threads.
    size_t threads = 1;
    /// States that are remembered, in bytes.
    size_t memory = size_t{1} << 30;
    /// Snapshots that are kept, in bytes.
    size_t snapshot_memory = size_t{1} << 29;
    /// Events of one node between two snapshots, about; doubled whenever they
    /// take more than `snapshot_memory`.
    int64_t snapshot_every = 64;
  };

  /// Both outlive it; the plan is that of the recording (`plan_of`).
  rerun_states(recording_file& file, const run_plan& plan, options how);

  ~rerun_states() override;

  /// Throws `error` if an event does not happen as recorded.
  std::optional<node_state> find(state_kind kind, int64_t node,
                                 int64_t position) override;

  /// What is on its way to a node after the event `position`.
  std::vector<rerun::pending> inbox(int64_t node, int64_t position);

private:
  /// A node after one of its events, until the next one that changes it.
  struct memory {
    int64_t sequence = 0;
    int64_t step = 0;
    at::Tensor weights;
    at::Tensor gradient;
    at::Tensor buffers;
    std::vector<named_tensor> optimizer;

    size_t bytes() const;
  };

  /// What is remembered of a node, by ascending sequence. Of the first `thin`
  /// there are parameters alone.
  struct node_memory {
    std::deque<memory> states;
    size_t thin = 0;
  };

  /// A snapshot, and the newest events that changed each node before it.
  struct milestone {
    std::shared_ptr<const rerun::snapshot> state;
    std::vector<int64_t> newest;
  };

  /// Runs again until a position, from the nearest place known before it.
  void go_to(int64_t position);
  /// Stands at a milestone, or at the start.
  void restart(const milestone* from);
  /// Stands at the last state in the recording until `position`, if there is
  /// one later than `than`; returns whether it does.
  bool restart_from_file(int64_t position, int64_t than);
  /// Begins at `again`, each of whose nodes was changed by an event of
  /// `newest`.
  void stand_at(std::unique_ptr<rerun> again,
                const std::vector<int64_t>& newest);
  void advance(int64_t position);
  void take_snapshot();
  void remember(node_id id, int64_t sequence);
  /// Returns false if only the newest state of each node is left.
  bool forget_something();
  const memory* recall(state_kind kind, node_id id, int64_t position) const;
  std::vector<state_part> parts(state_kind kind, node_id id,
                                const memory& x) const;

  recording_file& file_;
  const run_plan& plan_;
  options how_;
  rerun_facts facts_;
  std::unique_ptr<rerun> again_;
  std::unique_ptr<event_rows> rows_;
  std::vector<node_memory> memories_;
  size_t bytes_ = 0;
  /// By their positions.
  std::map<int64_t, milestone> milestones_;
  size_t milestone_bytes_ = 0;
  int64_t between_snapshots_;
  bool takes_snapshots_ = true;
  /// Whether this program can go on from the states in the recording.
  bool uses_stored_ = true;
};

} // namespace caps
