#pragma once

#include "actors/compute/compute_model.hpp"
#include "actors/node/node_config.hpp"
#include "models/data/sampler.hpp"
#include "models/gradient.hpp"
#include "models/parameter_vector.hpp"
#include "models/random_stream.hpp"

#include <caf/fwd.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace caps {

class state_visitor;

/// A gradient under way, or computed and not yet taken; its tensors are held
/// until then.
class pending_gradient {
public:
  pending_gradient() = default;

  pending_gradient(gradient_tensors tensors, event_origin origin)
    : tensors_(std::move(tensors)), origin_(std::move(origin)) {}

  const gradient_tensors& tensors() const noexcept { return tensors_; }

  /// Where the computation writes what it finds out.
  const std::shared_ptr<gradient_summary>& sink() const noexcept {
    return summary_;
  }

  /// Where the event of its end comes from.
  const event_origin& origin() const noexcept { return origin_; }

  /// Nobody wants it any more; its computation ends as it would.
  void abandon() noexcept { abandoned_ = true; }

  bool is_abandoned() const noexcept { return abandoned_; }

  /// What the computation, which has ended, found out.
  ///
  /// By value: it outlives the gradient, which is gone once it is committed.
  gradient_summary summary() const { return *summary_; }

  /// Makes it the newest gradient of `target` and lets go of all tensors.
  void commit(flat_buffer& target) &&;

  void visit_state(state_visitor& visitor, caf::actor_system& system);

private:
  gradient_tensors tensors_;
  std::shared_ptr<gradient_summary> summary_
    = std::make_shared<gradient_summary>();
  event_origin origin_{.kind = event_kind::gradient_ready};
  bool abandoned_ = false;
};

/// How a node computes gradients: the order of its samples, the streams of
/// augmentation, dropout and computing time, and the gradient under way.
class gradient_work {
public:
  /// @param shard samples that belong to the node; not used at a parameter
  /// server, which computes none
  gradient_work(std::shared_ptr<const node_environment> environment,
                node_id id, node_role role, std::vector<int64_t> shard);

  /// Computes the gradient of the next mini-batch at the current parameters.
  /// `self` gets `computed` in answer. One computation at a time.
  void start(caf::event_based_actor* self, parameter_vector& parameters,
             const compute_model& speed, event_origin origin);

  /// The gradient under way, whose answer has come; none is from here on.
  pending_gradient take();

  /// Whether the answer to a computation is still to come.
  bool under_way() const noexcept { return pending_.has_value(); }

  /// Nobody wants the gradient under way any more.
  void abandon() noexcept {
    if (pending_)
      pending_->abandon();
  }

  /// A gradient under way counts as computed.
  void visit_state(state_visitor& visitor, caf::actor_system& system);

private:
  void visit_pending(state_visitor& visitor, caf::actor_system& system);

  std::shared_ptr<const node_environment> environment_;
  /// Absent at a parameter server.
  std::optional<sampler> sampler_;
  random_stream time_stream_;
  random_stream dropout_stream_;
  std::optional<pending_gradient> pending_;
};

} // namespace caps
