#pragma once

#include "actors/observation/message_digest.hpp"
#include "actors/observation/run_state.hpp"
#include "messages/types.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/message.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Where something that a node handles comes from: a message of another node,
/// or the node's own computation or timer.
struct event_origin {
  /// The type of a message between nodes, such as "parameters"; otherwise as
  /// in `event_kind`. Lives as long as the program.
  std::string_view kind{};
  /// Of a message, as it was stamped. For a computation or a timer, the node
  /// and its step when it began, and `sequence` counts within the kind.
  message_stamp stamp{};
  /// Whether the sender said of what version the message speaks.
  bool versioned = false;
  /// Size between processes.
  uint64_t bytes = 0;
  /// Of the content without its stamp; of a timer, of its type's name.
  uint64_t digest = 0;
  /// The event whose handling sent it; 0 for none.
  int64_t cause = 0;
  /// Nanoseconds on the run's clock at that event.
  int64_t sent = 0;
  /// The vectors in the message.
  std::vector<known_digest> pieces{};
};

/// A message inside the process of an observed run, with its origin.
struct observed_message {
  caf::message content;
  event_origin origin;
};

/// What a node handles next.
struct event_begin {
  node_id node = no_node;
  const event_origin& origin;
  /// Nanoseconds on the run's clock.
  int64_t time = 0;
};

/// Number and time of an event.
struct event_ticket {
  int64_t sequence = 0;
  /// Nanoseconds on the run's clock; for the node, time stands still while it
  /// handles an event.
  int64_t time = 0;
};

/// When a node has its vectors kept.
enum class snapshot_reason : uint8_t { start, epoch, end };

/// The vectors of a node.
struct state_snapshot {
  snapshot_reason reason = snapshot_reason::epoch;
  int64_t epoch = 0;
  tensor_payload weights;
  tensor_payload buffers;
};

/// What became of an event.
struct event_end {
  event_ticket ticket;
  node_id node = no_node;
  const event_origin& origin;
  /// The message of a neighbour or of the membership; empty for everything
  /// else.
  const caf::message& content;
  /// Updates made at the node so far.
  int64_t node_step = 0;
  /// Updates of the node since the version the message speaks of; 0 if the
  /// sender was ahead.
  std::optional<int64_t> staleness;
  /// Loss of the batch that was computed here or came with the message.
  std::optional<double> loss;
  /// Norm and digest of the gradient that was computed.
  std::optional<double> norm;
  std::optional<uint64_t> digest;
  /// Digest of the parameters, if they were replaced.
  std::optional<uint64_t> state;
  /// Every now and then.
  std::optional<state_snapshot> snapshot;
};

/// Sees everything that nodes handle: the recorder, and the re-execution of a
/// recording. Called by many nodes at a time on the real clock; between `begin`
/// and `end` of an event no other event of that node begins.
class event_sink {
public:
  virtual ~event_sink() = default;

  virtual event_ticket begin(const event_begin& x) = 0;

  virtual void end(const event_end& x) = 0;

  /// A node says something for the log in the course of an event; `failure`:
  /// it cannot go on.
  virtual void note(node_id, const event_ticket&, bool /*failure*/,
                    const std::string& /*text*/) {}

  /// Epochs between two snapshots; 0 for those at the start and the end alone,
  /// nothing for none at all.
  virtual std::optional<int64_t> snapshot_every() const { return {}; }

  /// Whether the run as it is now shall be kept once nothing is left to be done
  /// at this time (virtual clock).
  virtual bool wants_run_state() const { return false; }

  /// Takes the run as it is after the last event.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): who takes it keeps it.
  virtual void keep(run_state /*x*/) {}

  /// Takes over the delivery of what is on its way to `to`; returns false to
  /// leave it to the links and the clock.
  virtual bool take(node_id /*to*/, const observed_message&) { return false; }
};

/// The kind of a message from its C++ type: without namespaces.
std::string_view message_kind(const caf::type_erased_tuple& content);

namespace event_kind {

inline constexpr std::string_view start = "start";
inline constexpr std::string_view stop = "stop";
inline constexpr std::string_view crash = "crash";
inline constexpr std::string_view down = "down";
inline constexpr std::string_view proposal = "proposal";
inline constexpr std::string_view view = "view";

/// Whether it is something that the membership of the run tells a node, which
/// recordings keep the content of.
constexpr bool is_of_membership(std::string_view kind) {
  return kind == proposal || kind == view;
}
inline constexpr std::string_view gradient_ready = "gradient_ready";
inline constexpr std::string_view timer = "timer";

} // namespace event_kind

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::observed_message)
