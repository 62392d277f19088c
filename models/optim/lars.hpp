#pragma once

#include "models/optim/optimizer.hpp"

namespace caps {

/// Options of `lars`.
struct lars_options {
  double learning_rate = 0.1;
  double momentum = 0.9;
  double weight_decay = 0;
  /// How far a layer may move relative to the norm of its weights.
  double trust = 0.001;
  /// Leaves biases and normalization layers out of the adaptation (their local
  /// rate is 1) and out of weight decay.
  bool weights_only = false;
};

/// Layer-wise adaptive rate scaling (You, Gitman and Ginsburg, "Large batch
/// training of convolutional networks", 2017, algorithm 1). For each parameter
/// of the layout, with norms over it:
///
///     local = trust |w| / (|g| + weight_decay |w|)
///     v = momentum v + learning_rate local (g + weight_decay w)
///     w = w - v
///
/// local = 1 where a norm is 0 or not finite. v starts at zero. Reads w and g
/// once more than SGD does, layer by layer, so that layers that fit the cache
/// come from memory once.
class lars : public optimizer {
public:
  lars(const lars_options& options,
       std::shared_ptr<const parameter_layout> layout);

  void step(const at::Tensor& weights, const at::Tensor& gradient,
            const at::Tensor& next) override;

  void visit_state(state_visitor& visitor) override;

private:
  lars_options options_;
  std::shared_ptr<const parameter_layout> layout_;
  /// Undefined before the first step with momentum.
  at::Tensor velocity_;
};

/// Makes `lars`; options lr, momentum, weight_decay, trust, weights_only.
class lars_recipe : public optimizer_recipe {
public:
  void describe(option_visitor& visitor) override;

  std::unique_ptr<optimizer>
  make(std::shared_ptr<const parameter_layout> layout,
       at::TensorOptions like) const override;

private:
  lars_options options_;
};

} // namespace caps
