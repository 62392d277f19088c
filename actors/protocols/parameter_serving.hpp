#pragma once

#include "actors/node/protocol.hpp"
#include "actors/protocols/deadline.hpp"
#include "actors/protocols/swapping.hpp"
#include "messages/compressed.hpp"
#include "models/compression/reducer.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace caps {

/// Options that all protocols with parameter servers have.
struct serving_options {
  /// Parameter servers that share the parameters.
  int64_t servers = 1;
  /// Workers below which the run ends with an error; 0: all of them.
  int64_t min_workers = 0;
  /// What workers leave out of their gradients.
  reducer_choice reduction{};
  /// Servers leave it out of the parameters they send as well.
  bool reduce_pulls = false;

  void describe(option_visitor& visitor);
};

/// Throws `input_error` if more workers must stay than there are, or if a run
/// has settings that only make sense between peers.
void check(const serving_options& options, const node_setting& node,
           std::string_view protocol);

/// What a node costs in a step of all workers.
round_cost serving_cost(const serving_options& options,
                        const node_setting& node);

/// The version of parameters that no update will follow: the run is over.
constexpr auto last_version = std::numeric_limits<uint64_t>::max();

/// The worker of every protocol with parameter servers:
///
///   pull ──parameters of all servers──> compute ──gradient_ready──> push the
///                 ^                                                 gradient
///                 └─────────────────────────────────────────────────────┘
///
/// What a server does not answer within `swaps.timeout` is sent again, in case
/// it was lost on its way; servers tell copies. After `swaps.max_missed` + 2
/// times without an answer the run ends with an error that names the server.
/// (A server itself waits `swaps.timeout` for other workers before it answers
/// this one, so a first silence says nothing.)
class gradient_worker final : public protocol {
public:
  gradient_worker(node_context& context, const serving_options& options);

  caf::behavior behavior() override;
  std::vector<waiting> waits() const override;
  std::vector<metric_value> metrics() override;
  bool visit_state(state_visitor& visitor) override;

private:
  /// One server and the newest part of the parameters it sent.
  struct source {
    node_id server = no_node;
    element_range part;
    std::optional<uint64_t> version;
    at::Tensor weights;
    bool answered = false;
    /// Null if gradients are sent whole.
    std::unique_ptr<reducer> reduction{};
    /// What is sent of the gradient that waits for its answer.
    compressed_payload reduced{};
  };

  void begin_wait();
  /// Takes the parameters that `weights` reads from a message; undefined ones
  /// cannot be used.
  void take(const message_stamp& stamp,
            const std::function<at::Tensor(const source&)>& weights);
  at::Tensor updated(const source& from, const partial_parameters& x);
  void take_gradient(const gradient_ready& x);
  void ask(const source& from);
  void reduce(source& to);
  template <class Gradient>
  void push(const source& to, Gradient content);
  void proceed();
  void assemble();
  void ask_again();

  node_context& context_;
  deadline deadline_;
  std::vector<source> sources_;
  /// The gradient that waits for its answer; unset while pulling.
  std::optional<gradient_ready> pushed_;
  bool waiting_ = false;
  /// When the first question of this wait was asked, and how often it went
  /// unanswered.
  node_context::duration since_{0};
  int64_t silences_ = 0;
  node_context::duration waited_{0};
};

/// What protocols with parameter servers have in common at the server: knows
/// of each worker whether it owes a gradient, since when, and whether it is
/// still there. Every worker that owes one longer than `swaps.timeout` is
/// lost: the run goes on without it as long as `min_workers` are left. A lost
/// worker that is heard again takes part again.
///
/// Parameters are lent, never written to once they were sent, so what a worker
/// pulls is one version of them, whole. With several servers that holds for
/// each part; parts may then be of different versions if updates are
/// asynchronous.
class parameter_server : public protocol {
public:
  caf::behavior behavior() override;
  std::vector<waiting> waits() const override;
  std::vector<metric_value> metrics() override;

  /// Shows what all such servers remember. A derived class overrides it and
  /// calls it first.
  bool visit_state(state_visitor& visitor) override;

protected:
  struct client {
    explicit client(node_id worker) : from(worker) {}

    partner from;
    /// No answer in time, or gone for good.
    bool lost = false;
    /// Its last gradient was answered.
    bool done = false;
    /// Set while a gradient of this worker is under way.
    std::optional<node_context::duration> owes_since;
    /// The number of its newest gradient.
    int64_t newest_step = -1;
    at::Tensor buffers;
    /// Null if the worker is sent all parameters every time.
    std::unique_ptr<reducer> reduction{};
    /// The version it was sent last.
    std::optional<uint64_t> sent{};
  };

  parameter_server(node_context& context, const serving_options& options);

  node_context& context() noexcept { return context_; }
  std::vector<client>& clients() noexcept { return clients_; }
  const std::vector<client>& clients() const noexcept { return clients_; }

  /// Sends the newest parameters to a worker, which owes a gradient from then
  /// on unless it was its last one. All of them if the worker may not have
  /// received what it was sent before.
  void answer(client& to, bool all = false);

  /// The newest parameters as the worker knows them once it is answered: with
  /// `compress_pulls` parts of them are older. Nobody writes to them.
  at::Tensor as_known_to(const client& x);

  /// Makes a new version of the parameters with `gradient`, at `rate_factor`
  /// times the learning rate. Returns false if it was the last of the run and
  /// all workers have been told so.
  [[nodiscard]] bool update(const at::Tensor& gradient, double rate_factor = 1);

  /// Ends the run although updates are left, since no worker is.
  void finish();

  // -- what makes a protocol --------------------------------------------------

  /// Takes a new gradient of a worker.
  virtual void take(client& from, const gradient& x, at::Tensor values) = 0;

  /// The newest parameters are on their way to a worker.
  virtual void answered(client&) {}

  /// Goes on without a worker.
  virtual void go_on_without(client&) {}

private:
  void start();
  client* find(node_id worker);
  client* hear(const message_stamp& stamp);
  void receive(const pull& x);
  void receive(const gradient& x, const std::function<at::Tensor()>& values);
  at::Tensor decompressed(const compressed_payload& x);
  void look_for_the_lost();
  void lose(client& x, const std::string& why, error_code code);
  void mix_buffers();
  void tell_that_it_is_over();

  node_context& context_;
  int64_t min_workers_;
  bool over_ = false;
  std::vector<client> clients_;
  /// Of the last update, for its norm.
  at::Tensor last_gradient_;
};

} // namespace caps
