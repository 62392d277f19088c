#pragma once

#include "models/fused_pass.hpp"
#include "models/optim/optimizer.hpp"

#include <c10/core/UndefinedTensorImpl.h>

#include <optional>
#include <vector>

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
/// local = 1 where a norm is 0 or not finite. v starts at zero.
///
/// Reads g once more than SGD does, layer by layer, so that layers that fit the
/// cache come from memory once. The norms of w are taken while a step writes
/// it; only if the next step does not start from that tensor, as it was left
/// (no operation in place since), is w read for them. The result is the same to
/// the bit.
class lars : public optimizer {
public:
  lars(const lars_options& options,
       std::shared_ptr<const parameter_layout> layout);

  void step(const at::Tensor& weights, const at::Tensor& gradient,
            const at::Tensor& next) override;

  void visit_state(state_visitor& visitor) override;

private:
  using weak_tensor
    = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

  /// Whether `norms_` are those of `weights`.
  bool norms_hold(const at::Tensor& weights) const;

  /// The rate of a parameter relative to the learning rate.
  double local_rate(const parameter_entry& entry, double weights_norm,
                    const flat_view& gradient) const;

  /// Steps over one parameter and returns the norm of what it wrote.
  double step_over(const parameter_entry& entry, double local,
                   const flat_view& weights, const flat_view& gradient,
                   const flat_view& next);

  /// Leaves the parameter out of adaptation and decay.
  bool leaves_out(const parameter_entry& entry) const {
    return options_.weights_only && entry.kind != parameter_kind::weight;
  }

  lars_options options_;
  std::shared_ptr<const parameter_layout> layout_;
  /// Undefined before the first step with momentum.
  at::Tensor velocity_;
  /// The norm of each parameter as the last step wrote it, where it wrote
  /// them, and the version of that tensor then. Not state: without them the
  /// norms are computed again. A weak pointer, so that the tensor does not
  /// count as lent.
  std::vector<double> norms_;
  std::optional<weak_tensor> written_;
  int64_t version_ = 0;
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
