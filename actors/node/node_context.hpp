#pragma once

#include "actors/links/swap_schedule.hpp"
#include "actors/node/sent_state.hpp"
#include "messages/error_code.hpp"
#include "messages/types.hpp"
#include "models/errors.hpp"
#include "models/fused_pass.hpp"
#include "models/optim/optimizer.hpp"
#include "models/parameter_vector.hpp"
#include "models/random_stream.hpp"
#include "models/state.hpp"

#include <caf/detail/serialized_size.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>
#include <caf/serializer.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Times on a run's clock as messages to users give them.
inline double to_seconds(std::chrono::nanoseconds x) {
  return std::chrono::duration<double>(x).count();
}

/// A node at the other end of an incoming edge.
struct neighbour {
  node_id id = no_node;
  /// Weight of the neighbour's parameters in an average over the edges of
  /// this node (an entry of the run's mixing matrix).
  double weight = 0;
};

inline bool has_neighbour(const std::vector<neighbour>& all, node_id id) {
  return std::ranges::find(all, id, &neighbour::id) != all.end();
}

/// A node's part in a run.
enum class node_role : uint8_t {
  /// Trains and keeps parameters of its own.
  peer,
  /// Computes gradients for the parameter servers.
  worker,
  /// Keeps the parameters, or a part of them; has no data.
  parameter_server,
};

/// A parameter server and the part of the parameters it is in charge of.
struct server_part {
  node_id server = no_node;
  element_range part;
};

/// Everything a protocol may touch of the world: its node. Behind it stand
/// the clock, the network and the recorder; a protocol sees none of them.
///
/// Belongs to one actor; every function is called from that actor only.
class node_context {
public:
  using duration = std::chrono::nanoseconds;

  virtual ~node_context() = default;

  // -- who --------------------------------------------------------------------

  virtual node_id id() const noexcept = 0;

  /// Number of nodes in the run.
  virtual node_id nodes() const noexcept = 0;

  virtual node_role role() const noexcept = 0;

  /// The parameter servers by ascending id; their parts follow each other and
  /// make up the parameters. Empty between peers.
  virtual const std::vector<server_part>& servers() const noexcept = 0;

  /// The nodes whose messages reach this one, by ascending id.
  virtual const std::vector<neighbour>& in_neighbours() const noexcept = 0;

  /// The nodes this one sends to, by ascending id; the same nodes as
  /// `in_neighbours` unless the graph is directed.
  virtual const std::vector<node_id>& out_neighbours() const noexcept = 0;

  /// Weight of the node's own parameters in an average over its edges.
  virtual double self_weight() const noexcept = 0;

  /// When messages go over the edges, and what happens to late ones.
  virtual const swap_plan& swaps() const noexcept = 0;

  /// Whether all nodes of the run started from the same parameters.
  virtual bool same_start() const noexcept = 0;

  /// Whether nodes average their buffers as well (training.buffers): never of a
  /// model that has none.
  virtual bool averages_buffers() const noexcept = 0;

  // -- training state ---------------------------------------------------------

  virtual parameter_vector& parameters() noexcept = 0;

  virtual caps::optimizer& optimizer() noexcept = 0;

  /// A random stream of this node for the protocol's own decisions.
  virtual random_stream& stream() noexcept = 0;

  /// Local updates made so far; at a parameter server, the version of its
  /// parameters.
  virtual int64_t step() const noexcept = 0;

  /// Local updates after which training ends.
  virtual int64_t steps_total() const noexcept = 0;

  // -- what a protocol does ---------------------------------------------------

  /// Computes the gradient of the next mini-batch at the current parameters.
  /// The answer is a `gradient_ready` message. The parameters may be replaced
  /// meanwhile (the computation works on the version it started with), but
  /// only one computation runs at a time.
  virtual void compute() = 0;

  /// Counts one local update as made. Ends epochs; after the last update, or
  /// when the run is being stopped, it sends the last snapshot and returns
  /// false: the protocol must not compute any more.
  [[nodiscard]] virtual bool finish_step() = 0;

  /// Ends training at this node although steps are left: sends its last
  /// snapshot. The protocol must not compute any more.
  virtual void finish() = 0;

  /// Adds the quality of a gradient that another node computed to the training
  /// loss and accuracy that this one reports.
  virtual void count_gradient(const gradient& x) = 0;

  /// Sends a message to a neighbour over the edge between the two; the stamp
  /// is filled in here.
  ///
  /// @param version of the parameters the message speaks of, if that is not
  /// `step`
  template <class Message>
  void send(node_id to, Message content,
            std::optional<uint64_t> version = std::nullopt) {
    content.stamp = {};
    if (auto digest = begin_digest())
      static_cast<void>((*digest)(content));
    content.stamp = next_stamp();
    if (version)
      content.stamp.version = *version;
    auto bytes = size_of(content);
    auto stamp = content.stamp;
    route(to, {stamp, version.has_value(), bytes,
               caf::make_message(std::move(content))});
  }

  /// Sends `content` to this node itself after `delay`.
  template <class Message>
  void after(duration delay, Message content) {
    schedule(delay, caf::make_message(std::move(content)));
  }

  /// Time on the run's clock since training started. Stands still while the
  /// node handles a message.
  virtual duration now() const = 0;

  /// Counts a message of a neighbour that did not come in time.
  virtual void count_missed(node_id from) = 0;

  /// Tells the run's log of something that is no error. `text` is one line.
  virtual void note(const std::string& text) = 0;

  /// Ends the run with an error of this node. `text` is one line.
  virtual void fail(error_code code, const std::string& text) = 0;

  /// The tensor in a payload of a neighbour's parameters, without copying;
  /// read-only. Fails the run, naming both sides, and returns an undefined
  /// tensor when type or length are not those of this node's parameters.
  virtual at::Tensor accept(const message_stamp& from, const tensor_payload& x)
    = 0;

  /// The same for a vector of `numel` elements that is not of the length of
  /// this node's parameters.
  virtual at::Tensor accept(const message_stamp& from, const tensor_payload& x,
                            int64_t numel)
    = 0;

  /// The current parameters as a payload, without copying.
  virtual tensor_payload lend_weights() = 0;

  /// Visits a part of the protocol's state that could travel in a message, as
  /// the bytes it would travel as. Throws `error` if it cannot.
  template <class T>
  void visit_as_sent(state_visitor& visitor, std::string_view name, T& value) {
    caps::visit_as_sent(system(), visitor, name, value);
  }

protected:
  /// A message on its way to a neighbour.
  struct outgoing {
    message_stamp stamp;
    /// Whether the sender gave the version.
    bool versioned = false;
    /// Size between processes.
    size_t bytes = 0;
    caf::message content;
  };

  virtual message_stamp next_stamp() = 0;

  /// What takes in the content of the next message that is routed; null unless
  /// somebody wants to know its digest.
  virtual caf::serializer* begin_digest() = 0;

  virtual void route(node_id to, outgoing x) = 0;

  virtual void schedule(duration delay, caf::message content) = 0;

  virtual caf::actor_system& system() noexcept = 0;

private:
  /// Bytes of a message between processes. Inside a process nothing is
  /// serialized, but a run's traffic must not depend on where its nodes live.
  template <class Message>
  size_t size_of(const Message& content) {
    return caf::detail::serialized_size(system(), content);
  }
};

} // namespace caps
