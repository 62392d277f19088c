#pragma once

#include "actors/node/node_config.hpp"
#include "models/optim/optimizer.hpp"
#include "models/parameter_vector.hpp"

#include <cstdint>
#include <memory>

namespace caps {

class state_visitor;

/// What a node trains: its parameters, the optimizer that changes them and how
/// many updates they have seen.
class trained_parameters {
public:
  /// Parameters as the run starts from, or those of the node's part.
  ///
  /// @param own complete: with its part and its updates per epoch
  trained_parameters(std::shared_ptr<const node_environment> environment,
                     const node_config& own);

  parameter_vector& vectors() noexcept { return vectors_; }
  const parameter_vector& vectors() const noexcept { return vectors_; }
  caps::optimizer& optimizer() noexcept { return *optimizer_; }

  /// Updates made so far.
  int64_t step() const noexcept { return step_; }

  /// Whole epochs made so far.
  int64_t epoch() const noexcept { return step_ / steps_per_epoch_; }

  /// Epochs begun so far: those made, and one of which a part is made.
  int64_t epochs_begun() const noexcept {
    return (step_ + steps_per_epoch_ - 1) / steps_per_epoch_;
  }

  /// The learning rate of the last step; before the first one, its.
  double last_rate() const;

  int64_t steps_total() const noexcept {
    return environment_->epochs * steps_per_epoch_;
  }

  /// Whether the last update has ended `epochs` epochs since the last time.
  bool ends_epoch(int64_t epochs) const noexcept {
    return step_ % steps_per_epoch_ == 0 && epoch() % epochs == 0;
  }

  /// One more update was made; the next has the learning rate of its place.
  void count_step();

  /// Goes on after `step` updates with what another node has trained.
  void go_on_from(int64_t step, const at::Tensor& weights,
                  const at::Tensor& buffers);

  /// Goes on with the optimizer of the environment, another rule with the
  /// memory of this one.
  void change_optimizer();

  void visit_state(state_visitor& visitor);

private:
  void set_learning_rate();
  /// Of the step after `step` others; @pre the environment has a schedule
  double rate_after(int64_t step) const;

  std::shared_ptr<const node_environment> environment_;
  int64_t steps_per_epoch_;
  parameter_vector vectors_;
  std::unique_ptr<caps::optimizer> optimizer_;
  /// The optimizer's learning rate as the scenario gives it.
  double base_rate_;
  int64_t step_ = 0;
};

} // namespace caps
