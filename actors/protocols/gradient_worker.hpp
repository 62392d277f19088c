#pragma once

#include "actors/protocols/deadline.hpp"
#include "actors/protocols/serving_options.hpp"
#include "messages/compressed.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace caps {

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
/// this one, so a first silence says nothing.) A server that cannot be reached
/// in the view at hand is asked once it can be again.
class gradient_worker final : public protocol {
public:
  gradient_worker(node_context& context, const serving_options& options);

  caf::behavior behavior() override;
  std::vector<waiting> waits() const override;
  std::vector<metric_value> metrics() override;

  bool neighbours_changed(const edge_changes& x) override;
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
  bool reaches(node_id server) const;

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

} // namespace caps
