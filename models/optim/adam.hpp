#pragma once

#include "models/optim/decay_ranges.hpp"
#include "models/optim/optimizer.hpp"

namespace caps {

/// Options of `adam` and `adamw`.
struct adam_options {
  double learning_rate = 1e-3;
  /// Share of the running mean of the gradient kept in a step.
  double beta1 = 0.9;
  /// Share of the running mean of its square kept in a step.
  double beta2 = 0.999;
  /// Keeps the division from exploding where gradients vanish.
  double eps = 1e-8;
  double weight_decay = 0;
  /// Leaves biases and normalization layers out of weight decay.
  bool decay_weights_only = false;
  /// Divides by the largest mean square so far (Reddi et al. 2018).
  bool amsgrad = false;
  /// Shrinks the weights directly instead of adding to the gradient: AdamW.
  bool decoupled_decay = false;
};

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) as torch
/// defines them; in step t, counted from 1:
///
///     d = g + weight_decay w                  (AdamW: d = g and first
///                                              w = w - lr weight_decay w)
///     m = beta1 m + (1 - beta1) d,  s = beta2 s + (1 - beta2) d d
///     w = w - lr / (1 - beta1^t) m / (sqrt(s) / sqrt(1 - beta2^t) + eps)
///
/// with the largest s so far in place of the last one for amsgrad. One pass
/// over memory.
class adam : public optimizer {
public:
  /// The parameters must be those of `layout`.
  adam(const adam_options& options, const parameter_layout& layout);

  void step(const at::Tensor& weights, const at::Tensor& gradient,
            const at::Tensor& next) override;

  void visit_state(state_visitor& visitor) override;

private:
  adam_options options_;
  std::vector<decay_range> ranges_;
  int64_t steps_ = 0;
  /// Running means; undefined before the first step.
  at::Tensor mean_;
  at::Tensor square_;
  /// The largest `square_` so far; only with amsgrad.
  at::Tensor largest_square_;
};

/// Makes `adam` or `adamw`; options lr, beta1, beta2, eps, weight_decay,
/// decay_weights_only, amsgrad.
class adam_recipe : public optimizer_recipe {
public:
  /// `decoupled_decay` makes AdamW, whose weight decay is 0.01 by default.
  explicit adam_recipe(bool decoupled_decay);

  void describe(option_visitor& visitor) override;

  std::unique_ptr<optimizer>
  make(std::shared_ptr<const parameter_layout> layout,
       at::TensorOptions like) const override;

private:
  adam_options options_;
};

} // namespace caps
