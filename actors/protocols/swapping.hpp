#pragma once

#include "actors/node/protocol.hpp"
#include "actors/protocols/deadline.hpp"
#include "actors/protocols/partner.hpp"
#include "messages/with_buffers.hpp"

#include <caf/message.hpp>
#include <caf/message_handler.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// When a swap takes place relative to the update it belongs to.
enum class swap_order : uint8_t {
  /// Update k uses what neighbours sent after update k - 1, and messages
  /// travel while the next gradient is computed (as published).
  update_then_swap,
  /// Update k uses what neighbours send in step k: local part, swap, rest.
  swap_within_update,
};

/// The buffers of the in-neighbours, where nodes average them.
struct heard_buffers {
  /// What each sent last; this node's first ones until it is heard.
  std::vector<at::Tensor> last;
  /// Whether it came since the last update.
  std::vector<bool> fresh;
};

/// The common part of all protocols in which peers swap messages along edges
/// as the run's swap plan says. In the order `update_then_swap`:
///
///   compute(k) ──gradient_ready──┐
///                                ├─> update(k), send what is due, compute(k+1)
///   messages due after k - 1 ────┘
///
/// and in the order `swap_within_update`:
///
///   compute(k) ──gradient_ready──> prepare(k), send what is due ──┐
///                  messages due in step k ────────────────────────┴─>
///                                          update(k), compute(k + 1)
///
/// A synchronous plan waits for the messages due, each wait at most for the
/// plan's timeout. A message that misses it costs that wait; a partner that
/// misses several in a row is not waited for until it answers again. An
/// asynchronous plan never waits.
///
/// Where nodes average their buffers, `send` adds them to a message, and they
/// are averaged just before `update`.
class swapping : public protocol {
public:
  std::vector<waiting> waits() const override;

  void stop_waiting_for(node_id gone) override;

  /// Takes over the new neighbours and weights, and has `edges_changed` do what
  /// is left.
  bool neighbours_changed(const edge_changes& x) override;

  /// Shows what all such protocols remember. A derived class that remembers
  /// more overrides it and calls it first.
  bool visit_state(state_visitor& visitor) override;

protected:
  swapping(node_context& context, swap_order order);

  node_context& context() noexcept { return context_; }

  /// The handlers of a protocol whose neighbours send messages of these types.
  /// A message is kept until it is its step's turn; then the handler of its
  /// type in `apply` is called, and returns an error of the run if it fails the
  /// node.
  template <class... Messages>
  caf::behavior handlers_for(caf::message_handler apply) {
    apply_ = std::move(apply);
    caf::message_handler own{[this](const Messages& x) {
      receive(x.stamp, caf::make_message(x), {});
    }...};
    if (context_.averages_buffers())
      own = own.or_else([this](const with_buffers<Messages>& x) {
        receive(x.stamp, caf::make_message(static_cast<const Messages&>(x)),
                x.buffers);
      }...);
    return handlers_with(own);
  }

  /// The same for messages that are parameters alone: the last of in-neighbour
  /// i, once it is their turn, is `received[i]`, which outlives the behaviour.
  caf::behavior handlers_for_parameters(std::vector<at::Tensor>& received);

  /// The weights of the in-neighbours' parameters in averages, in their order.
  const std::vector<double>& mixing() const noexcept { return mixing_; }

  /// Sends a message to out-neighbour number `index`.
  template <class Message>
  void send(size_t index, Message content) {
    auto to = context_.out_neighbours()[index];
    if (context_.averages_buffers())
      context_.send(to, with_buffers<Message>{std::move(content),
                                              buffers_for(index)});
    else
      context_.send(to, std::move(content));
  }

  /// The position of an in-neighbour among `in_neighbours()`.
  size_t index_of(node_id in_neighbour) const;

  // -- what makes a protocol --------------------------------------------------

  /// Before the first gradient.
  virtual void begin() {}

  /// A gradient has been computed.
  virtual void observe(const gradient_ready&) {}

  /// Sends the message that is due to out-neighbour number `index`.
  virtual void send_to(size_t index) = 0;

  /// Order `swap_within_update`: the local part of the step, from the gradient.
  virtual void prepare() {}

  /// The update: from the gradient (order `update_then_swap`) or from what
  /// `prepare` made, and what was received last. Writes the node's parameters.
  virtual void update() = 0;

  /// The buffers that out-neighbour number `index` is to average.
  virtual tensor_payload buffers_for(size_t index);

  /// Writes the average of this node's buffers and those it heard to `next`,
  /// which may be the same tensor as `own`. Unless a protocol averages its
  /// parameters in another way: each that is fresh with the weight of its edge.
  virtual void average_buffers(const at::Tensor& own,
                               const heard_buffers& heard,
                               const at::Tensor& next);

  /// The node has other neighbours: what is kept for each must follow them. Of
  /// one with whom it begins anew nothing is known but what this node is.
  /// Returns whether the protocol goes on with them; unless it says how, it
  /// cannot.
  virtual bool edges_changed(const edge_changes&) { return false; }

  /// Whether a message that is older than one already applied still counts.
  virtual bool needs_every_message() const { return false; }

private:
  /// A message that waits for its turn.
  struct arrival {
    message_stamp stamp{};
    caf::message content{};
    /// Empty if nodes keep theirs to themselves.
    tensor_payload buffers{};
  };

  /// One in-neighbour.
  struct inbox {
    partner from;
    std::vector<arrival> arrivals;
    /// Step of the newest message applied.
    int64_t newest = -1;
    /// It says nothing any more.
    bool gone = false;
  };

  caf::behavior handlers_with(const caf::message_handler& own);
  void receive(const message_stamp& stamp, caf::message content,
               tensor_payload buffers);
  void start();
  void take_gradient();
  void proceed();
  void finish();
  bool due(const inbox& x) const;
  bool has_come(const inbox& x) const;
  bool missing(const inbox& x) const;
  void apply_arrivals(inbox& x);
  void take_buffers(size_t index, const arrival& x);
  void mix_buffers();
  void send_due(int64_t step);
  void give_up_waiting();

  node_context& context_;
  swap_order order_;
  deadline deadline_;
  std::vector<double> mixing_;
  caf::message_handler apply_;
  std::vector<inbox> inboxes_;
  heard_buffers heard_;
  /// The gradient has come and the update waits for messages.
  bool swapping_ = false;
};

/// What a node costs that sends `vectors` parameter vectors in every message.
round_cost swap_cost(const node_setting& node, double vectors);

/// Throws `input_error` unless every edge swaps after every step.
void require_every_step(const node_setting& node, std::string_view protocol);

/// Throws `input_error` unless all edges lead both ways.
void require_undirected(const node_setting& node, std::string_view protocol);

} // namespace caps
