#include "models/optim/lars.hpp"

#include "models/norms.hpp"

#include <ATen/ops/zeros_like.h>

#include <fmt/format.h>

namespace caps {

namespace {

double local_rate(const lars_options& options, double weights,
                  double gradient) {
  auto local
    = options.trust * weights / (gradient + options.weight_decay * weights);
  auto usable = weights > 0 && gradient > 0 && std::isfinite(weights)
                && std::isfinite(gradient) && std::isfinite(local);
  return usable ? local : 1;
}

} // namespace

lars::lars(const lars_options& options,
           std::shared_ptr<const parameter_layout> layout)
  : optimizer(options.learning_rate), options_(options),
    layout_(std::move(layout)) {}

void lars::step(const at::Tensor& weights, const at::Tensor& gradient,
                const at::Tensor& next) {
  flat_view w{weights};
  flat_view g{gradient};
  flat_view result{next};
  if (w.numel() != layout_->numel())
    throw error(fmt::format("lars got {} parameters for a net of {}", w.numel(),
                            layout_->numel()));
  auto keeps_velocity = options_.momentum != 0;
  if (keeps_velocity && !velocity_.defined())
    velocity_ = at::zeros_like(weights);
  coefficient momentum = options_.momentum;
  for (const auto& entry : layout_->entries()) {
    element_range range{entry.offset, entry.numel};
    auto plain = options_.weights_only && entry.kind != parameter_kind::weight;
    auto local
      = plain ? 1 : local_rate(options_, norm(w, range), norm(g, range));
    coefficient rate = learning_rate() * local;
    coefficient decay = plain ? 0 : options_.weight_decay;
    if (keeps_velocity)
      fused_pass(range, into(result, velocity_), from(w, g, velocity_),
                 [=](auto x, auto y, auto v) {
                   auto u = momentum * v + rate * (y + decay * x);
                   return std::make_tuple(x - u, u);
                 });
    else
      fused_pass(range, into(result), from(w, g),
                 [=](auto x, auto y) { return x - rate * (y + decay * x); });
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
