#pragma once

#include "actors/node/node_context.hpp"
#include "actors/observation/event_sink.hpp"
#include "actors/observation/message_digest.hpp"
#include "models/flat_buffer.hpp"

#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caps {

class state_visitor;

/// What those who look on are told of a node's events, one at a time: where it
/// came from, what it sent, what became of parameters and gradient. Without
/// anybody who looks on it keeps the time of the event and nothing else.
class event_account {
public:
  using duration = std::chrono::nanoseconds;

  /// @param sink null if nobody looks on; outlives this
  /// @param in_host_memory whether vectors live where digests can stay known
  event_account(event_sink* sink, node_id id, node_role role,
                bool in_host_memory);

  /// An event begins, at `now` on the clock and after `step` updates.
  void begin(const event_origin& origin, duration now, int64_t step) {
    time_ = now;
    if (sink_ != nullptr)
      watch(origin, step);
  }

  /// It has ended.
  ///
  /// @param origin, content as it began; the latter is the message of a
  /// neighbour and empty for everything else
  /// @param step updates made at the node so far
  /// @param replaced whether it has replaced the parameters, `weights`
  void end(const event_origin& origin, const caf::message& content,
           int64_t step, const flat_buffer& weights, bool replaced) {
    if (event_)
      tell(origin, content, step, weights, replaced);
  }

  /// Whether somebody looks on at the event at hand.
  bool is_watched() const noexcept { return event_.has_value(); }

  /// Time of the event at hand on the clock. Stands still until the next.
  duration time() const noexcept { return time_; }

  /// As `event_sink::snapshot_every`.
  std::optional<int64_t> snapshot_every() const;

  // -- what happens in the course of a watched event --------------------------

  /// A gradient was computed here.
  void add_gradient(double loss, const at::Tensor& values);

  /// A gradient came with a message.
  void add_loss(double loss) { event_->loss = loss; }

  /// Has the recording keep the vectors as they are after the event.
  void keep(snapshot_reason reason, int64_t epoch, const flat_buffer& buffers);

  void note(bool failure, const std::string& text);

  // -- what an event causes ---------------------------------------------------

  /// Takes in the content of the next message; null unless somebody wants to
  /// know its digest.
  caf::serializer* begin_digest() {
    if (!event_)
      return nullptr;
    digest_.begin();
    return &digest_;
  }

  /// What a computation that begins now will answer; empty if nobody looks on.
  event_origin begin_computation(int64_t step);

  /// Puts the origin to a message on its way to `to`. Returns whether somebody
  /// has taken over its delivery.
  bool pass(node_id to, const message_stamp& stamp, bool versioned,
            size_t bytes, caf::message& content);

  /// The same for a timer that is set now.
  bool pass_timer(int64_t step, caf::message& content);

  /// Shows time and counters.
  void visit_state(state_visitor& visitor);

private:
  /// What will be told of the event at hand.
  struct open_event {
    event_ticket ticket;
    std::optional<int64_t> staleness;
    std::optional<double> loss;
    std::optional<double> norm;
    std::optional<uint64_t> digest;
    std::optional<state_snapshot> snapshot;
    /// Messages sent and vectors looked at: they hold the memory of all
    /// digests taken.
    std::vector<caf::message> sent;
    std::vector<at::Tensor> seen;
  };

  void watch(const event_origin& origin, int64_t step);
  void tell(const event_origin& origin, const caf::message& content,
            int64_t step, const flat_buffer& weights, bool replaced);
  bool pass(node_id to, event_origin origin, caf::message& content);
  std::optional<int64_t> staleness_of(const event_origin& origin,
                                      int64_t step) const;
  event_origin origin_here(std::string_view kind, int64_t step,
                           uint64_t number) const;
  uint64_t digest_of(const flat_buffer& weights);

  event_sink* sink_;
  node_id id_;
  node_role role_;
  duration time_{0};
  /// Own computations and timers so far.
  uint64_t computations_ = 0;
  uint64_t timers_ = 0;
  std::optional<open_event> event_;
  message_digest digest_;
};

} // namespace caps
