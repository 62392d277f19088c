#pragma once

#include "models/options.hpp"
#include "models/parameter_layout.hpp"
#include "models/registry.hpp"
#include "models/state.hpp"

#include <ATen/core/Tensor.h>

#include <memory>

namespace caps {

/// Turns gradients into parameter updates on whole flat vectors. Belongs to
/// one node; not thread-safe.
class optimizer {
public:
  virtual ~optimizer() = default;

  /// Writes the parameters after one update into `next`, which may be the
  /// same tensor as `weights`. All three are 1-D of the layout's length and
  /// of one dtype and device.
  virtual void step(const at::Tensor& weights, const at::Tensor& gradient,
                    const at::Tensor& next)
    = 0;

  /// Whether a step is w - learning_rate g and nothing else.
  virtual bool is_plain() const noexcept { return false; }

  /// Momentum and the like, for checkpoints; the learning rate included.
  virtual void visit_state(state_visitor& visitor);

  /// The learning rate of the next step.
  double learning_rate() const noexcept { return learning_rate_; }
  void learning_rate(double x) noexcept { learning_rate_ = x; }

protected:
  explicit optimizer(double learning_rate) : learning_rate_(learning_rate) {}

private:
  double learning_rate_;
};

using optimizer_recipe
  = recipe<std::unique_ptr<optimizer>, std::shared_ptr<const parameter_layout>,
           at::TensorOptions /* of the parameters */>;

/// The built-in optimizers: sgd, adam, adamw, lars.
registry<optimizer_recipe> built_in_optimizers();

} // namespace caps
