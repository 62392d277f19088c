#pragma once

#include "actors/node/node.hpp"
#include "actors/observation/run_state.hpp"
#include "runtime/recording/membership_letters.hpp"
#include "runtime/recording/rows.hpp"
#include "runtime/run/plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace caps {

/// An event that happened otherwise than it was recorded.
struct divergence {
  event_row recorded;
  /// Empty if the event did not happen at all.
  std::optional<event_row> now;
  /// As `differences` says; or what kept the event from happening.
  std::vector<std::string> differences;

  /// One line.
  std::string text() const;
};

/// How often each message was handled, by source, destination and number.
using delivery_counts
  = std::map<std::tuple<node_id, node_id, int64_t>, int64_t>;

/// What a rerun must know of a recording besides its events.
struct rerun_facts {
  /// For links that lose or duplicate messages, lest what they lost is kept for
  /// ever.
  std::optional<delivery_counts> counts{};
  membership_letters letters{};
};

/// Runs a recorded run again, event by event: hands each node the messages that
/// it handled, in the order and at the times of the recording, so that it does
/// what it did, on whichever clock that was. Nothing is delivered that was not
/// recorded (what a link lost stays lost), and nothing is measured. Belongs to
/// one thread.
///
/// The plan must be made from the scenario of the recording.
class rerun {
public:
  /// Stands before the first event; computes gradients with `threads` threads,
  /// this one included.
  rerun(const run_plan& plan, size_t threads, rerun_facts facts = {});

  /// What a rerun of the same plan needs to go on from an event. Shares nothing
  /// with the nodes it was taken of.
  class snapshot;

  /// Stands where `from` was taken.
  rerun(const run_plan& plan, size_t threads, rerun_facts facts,
        const snapshot& from);

  /// Stands where the state of a recorded run was taken. Throws `input_error`
  /// if it does not fit.
  rerun(const run_plan& plan, size_t threads, rerun_facts facts,
        const run_state& from);

  ~rerun();

  rerun(const rerun&) = delete;
  rerun& operator=(const rerun&) = delete;

  /// Does the next recorded event. Returns how it differs from the record, if
  /// it does. Goes on after a difference in numbers; after an event that could
  /// not happen (`now` is empty) a rerun is good for nothing any more.
  std::optional<divergence> handle(const event_row& next);

  /// Sequence of the last event done; 0 before the first.
  int64_t position() const noexcept;

  /// Takes a snapshot after the last event; null if the protocol does not show
  /// its state (`protocol::visit_state`). Computations that are under way are
  /// waited for.
  std::shared_ptr<const snapshot> save();

  /// Bytes of the vectors in a snapshot, messages aside.
  static size_t size_bytes(const snapshot& x);

  /// The event after which a snapshot was taken.
  static int64_t position(const snapshot& x);

  /// A node as it is after the last event: parameters, last gradient, optimizer
  /// and step. To look at, not to touch. With more than one thread, buffers
  /// may already hold what the next gradient makes of them.
  node& at(node_id id);

  node_id nodes() const noexcept;

  /// Something that was sent to a node, or that it waits for itself, and that
  /// it has not handled yet.
  struct pending {
    std::string kind;
    node_id source = no_node;
    int64_t message = 0;
    int64_t step = 0;
    int64_t version = 0;
    int64_t bytes = 0;
    /// The event that sent it, and the time of that.
    int64_t cause = 0;
    int64_t sent = 0;
  };

  /// What is on its way to a node, or waits for it, in the order it was sent.
  std::vector<pending> inbox(node_id id) const;

private:
  class stage;
  std::unique_ptr<stage> stage_;
};

} // namespace caps
