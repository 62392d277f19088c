#include "models/optim/sgd.hpp"

#include "models/fused_pass.hpp"

#include <ATen/ops/empty_like.h>

namespace caps {

sgd::sgd(const sgd_options& options)
  : optimizer(options.learning_rate), options_(options) {
  if (options.nesterov && options.momentum <= 0)
    throw input_error("sgd: nesterov needs a momentum above 0");
  if (options.nesterov && options.dampening != 0)
    throw input_error("sgd: nesterov allows no dampening, which is "
                      + to_text(options.dampening));
}

void sgd::step(const at::Tensor& weights, const at::Tensor& gradient,
               const at::Tensor& next) {
  coefficient rate = learning_rate();
  coefficient decay = options_.weight_decay;
  if (options_.momentum == 0) {
    fused_pass(into(next), from(weights, gradient),
               [=](auto w, auto g) { return w - rate * (g + decay * w); });
    return;
  }
  coefficient momentum = options_.momentum;
  if (options_.nesterov)
    step_along(weights, gradient, next,
               [=](auto d, auto v) { return d + momentum * v; });
  else
    step_along(weights, gradient, next, [](auto, auto v) { return v; });
}

template <class Direction>
void sgd::step_along(const at::Tensor& weights, const at::Tensor& gradient,
                     const at::Tensor& next, Direction direction) {
  coefficient rate = learning_rate();
  coefficient decay = options_.weight_decay;
  coefficient momentum = options_.momentum;
  coefficient fresh = 1 - options_.dampening;
  if (velocity_.defined()) {
    fused_pass(into(next, velocity_), from(weights, gradient, velocity_),
               [=](auto w, auto g, auto v) {
                 auto d = g + decay * w;
                 auto u = momentum * v + fresh * d;
                 return std::make_tuple(w - rate * direction(d, u), u);
               });
    return;
  }
  velocity_ = at::empty_like(weights);
  fused_pass(into(next, velocity_), from(weights, gradient),
             [=](auto w, auto g) {
               auto d = g + decay * w;
               return std::make_tuple(w - rate * direction(d, d), d);
             });
}

void sgd::visit_state(state_visitor& visitor) {
  optimizer::visit_state(visitor);
  visitor.tensor("velocity", velocity_);
}

void sgd_recipe::describe(option_visitor& visitor) {
  visitor.real("lr", options_.learning_rate, non_negative(),
               "step size (learning rate)");
  visitor.real("momentum", options_.momentum, between_open(0, 1),
               "share of the previous velocity kept in the next one");
  visitor.real("dampening", options_.dampening, between(0, 1),
               "share of the gradient withheld from the velocity");
  visitor.real("weight_decay", options_.weight_decay, non_negative(),
               "pull of the weights towards 0 (l2)");
  visitor.boolean("nesterov", options_.nesterov,
                  "look one step ahead along the velocity");
}

std::unique_ptr<optimizer>
sgd_recipe::make(std::shared_ptr<const parameter_layout>,
                 at::TensorOptions) const {
  return std::make_unique<sgd>(options_);
}

} // namespace caps
