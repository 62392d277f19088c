#pragma once

#include "models/optim/optimizer.hpp"

namespace caps {

/// Options of `sgd`.
struct sgd_options {
  double learning_rate = 0.01;
  /// Share of the previous velocity kept in the next one.
  double momentum = 0;
  /// Share of the gradient withheld from the velocity (not at the first
  /// step, where the velocity is the gradient).
  double dampening = 0;
  /// Added to the gradient: weight_decay times the weights.
  double weight_decay = 0;
  /// Looks one step ahead along the velocity; needs momentum and no
  /// dampening.
  bool nesterov = false;
};

/// Stochastic gradient descent as torch.optim.SGD defines it:
///
///     d = g + weight_decay w
///     v = d at the first step, else momentum v + (1 - dampening) d
///     w = w - learning_rate (nesterov ? d + momentum v : v)
///
/// and w = w - learning_rate d without momentum. One pass over memory.
class sgd : public optimizer {
public:
  /// Throws `input_error` if the options do not fit together.
  explicit sgd(const sgd_options& options);

  void step(const at::Tensor& weights, const at::Tensor& gradient,
            const at::Tensor& next) override;

  void visit_state(state_visitor& visitor) override;

private:
  /// Steps along `direction(d, v)`.
  template <class Direction>
  void step_along(const at::Tensor& weights, const at::Tensor& gradient,
                  const at::Tensor& next, Direction direction);

  sgd_options options_;
  /// Undefined before the first step with momentum.
  at::Tensor velocity_;
};

/// Makes `sgd`; options lr, momentum, dampening, weight_decay, nesterov.
class sgd_recipe : public optimizer_recipe {
public:
  void describe(option_visitor& visitor) override;

  std::unique_ptr<optimizer>
  make(std::shared_ptr<const parameter_layout> layout,
       at::TensorOptions like) const override;

private:
  sgd_options options_;
};

} // namespace caps
