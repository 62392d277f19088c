#include "models/optim/lars.hpp"

#include "models/norms.hpp"

#include <ATen/ops/zeros_like.h>

#include <fmt/format.h>

namespace caps {

lars::lars(const lars_options& options,
           std::shared_ptr<const parameter_layout> layout)
  : optimizer(options.learning_rate), options_(options),
    layout_(std::move(layout)) {}

bool lars::norms_hold(const at::Tensor& weights) const {
  // A tensor that is gone leaves its address to no other as long as the weak
  // pointer lives.
  return written_
         && written_->_unsafe_get_target() == weights.unsafeGetTensorImpl()
         && weights._version() == version_;
}

double lars::local_rate(const parameter_entry& entry, double weights_norm,
                        const flat_view& gradient) const {
  if (leaves_out(entry))
    return 1;
  auto gradient_norm = norm(gradient, {entry.offset, entry.numel});
  auto local = options_.trust * weights_norm
               / (gradient_norm + options_.weight_decay * weights_norm);
  auto usable = weights_norm > 0 && gradient_norm > 0
                && std::isfinite(weights_norm) && std::isfinite(gradient_norm)
                && std::isfinite(local);
  return usable ? local : 1;
}

double lars::step_over(const parameter_entry& entry, double local,
                       const flat_view& weights, const flat_view& gradient,
                       const flat_view& next) {
  coefficient momentum = options_.momentum;
  coefficient rate = learning_rate() * local;
  coefficient decay = leaves_out(entry) ? 0 : options_.weight_decay;
  auto move = [=](auto w, auto g) { return rate * (g + decay * w); };
  element_range range{entry.offset, entry.numel};
  running_norm result{range};
  auto pass = [&](const auto& outs, const auto& ins, auto rule) {
    for_each_block(next, range, [&](element_range block) {
      if (next.element_wise())
        result.fused_pass(block, outs, ins, rule);
      else
        fused_pass(block, outs, ins, rule);
    });
  };
  if (options_.momentum != 0)
    pass(into(next, velocity_), from(weights, gradient, velocity_),
         [=](auto w, auto g, auto v) {
           auto u = momentum * v + move(w, g);
           return std::make_tuple(w - u, u);
         });
  else
    pass(into(next), from(weights, gradient),
         [=](auto w, auto g) { return w - move(w, g); });
  return result.result();
}

void lars::step(const at::Tensor& weights, const at::Tensor& gradient,
                const at::Tensor& next) {
  flat_view w{weights};
  flat_view g{gradient};
  flat_view target{next};
  if (w.numel() != layout_->numel())
    throw error(fmt::format("lars got {} parameters for a net of {}", w.numel(),
                            layout_->numel()));
  if (options_.momentum != 0 && !velocity_.defined())
    velocity_ = at::zeros_like(weights);
  auto known = norms_hold(weights);
  written_.reset();
  const auto& entries = layout_->entries();
  norms_.resize(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    auto before = known ? norms_[i] : norm(w, {entry.offset, entry.numel});
    norms_[i] = step_over(entry, local_rate(entry, before, g), w, g, target);
  }
  if (target.element_wise()) {
    written_.emplace(next.getIntrusivePtr());
    version_ = next._version();
  }
}

void lars::visit_state(state_visitor& visitor) {
  optimizer::visit_state(visitor);
  visitor.tensor("velocity", velocity_);
}

void lars_recipe::describe(option_visitor& visitor) {
  visitor.real("lr", options_.learning_rate, non_negative(),
               "step size (learning rate)");
  visitor.real("momentum", options_.momentum, between_open(0, 1),
               "share of the previous velocity kept in the next one");
  visitor.real("weight_decay", options_.weight_decay, non_negative(),
               "pull of the weights towards 0 (l2)");
  visitor.real("trust", options_.trust, positive(),
               "how far a layer may move relative to its norm");
  visitor.boolean("weights_only", options_.weights_only,
                  "leave biases and normalization layers out of adaptation and "
                  "weight decay");
}

std::unique_ptr<optimizer>
lars_recipe::make(std::shared_ptr<const parameter_layout> layout,
                  at::TensorOptions) const {
  return std::make_unique<lars>(options_, std::move(layout));
}

} // namespace caps
