#pragma once

#include "models/optim/decay_ranges.hpp"
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
  /// Leaves biases and normalization layers out of weight decay.
  bool decay_weights_only = false;
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
  /// For vectors of any one length, all of which decays. Throws `input_error`
  /// if the options do not fit together.
  explicit sgd(const sgd_options& options);

  /// For the parameters of `layout`.
  sgd(const sgd_options& options, const parameter_layout& layout);

  void step(const at::Tensor& weights, const at::Tensor& gradient,
            const at::Tensor& next) override;

  bool is_plain() const noexcept override {
    return options_.momentum == 0 && options_.weight_decay == 0;
  }

  void visit_state(state_visitor& visitor) override;

private:
  /// Steps over `range` along `direction(d, v)`, with `pull(w, g)` as d.
  template <class Pull, class Direction>
  void step_along(element_range range, const at::Tensor& weights,
                  const at::Tensor& gradient, const at::Tensor& next,
                  bool first, Pull pull, Direction direction);

  sgd_options options_;
  /// Empty before the first step if there is no layout.
  std::vector<decay_range> ranges_;
  /// Undefined before the first step with momentum.
  at::Tensor velocity_;
};

/// Makes `sgd`; options lr, momentum, dampening, weight_decay,
/// decay_weights_only, nesterov.
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
