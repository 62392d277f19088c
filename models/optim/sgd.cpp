#include "models/optim/sgd.hpp"

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

sgd::sgd(const sgd_options& options, const parameter_layout& layout)
  : sgd(options) {
  ranges_ = decay_ranges(layout, options.decay_weights_only);
}

void sgd::step(const at::Tensor& weights, const at::Tensor& gradient,
               const at::Tensor& next) {
  if (ranges_.empty())
    ranges_.push_back({{0, weights.numel()}, true});
  auto first = !velocity_.defined();
  if (first && options_.momentum != 0)
    velocity_ = at::empty_like(weights);
  coefficient rate = learning_rate();
  coefficient momentum = options_.momentum;
  for (const auto& [range, decays] : ranges_) {
    coefficient decay = decays ? options_.weight_decay : 0;
    auto pull = [=](auto w, auto g) { return g + decay * w; };
    if (options_.momentum == 0)
      fused_pass(range, into(next), from(weights, gradient),
                 [=](auto w, auto g) { return w - rate * pull(w, g); });
    else if (options_.nesterov)
      step_along(range, weights, gradient, next, first, pull,
                 [=](auto d, auto v) { return d + momentum * v; });
    else
      step_along(range, weights, gradient, next, first, pull,
                 [](auto, auto v) { return v; });
  }
}

template <class Pull, class Direction>
void sgd::step_along(element_range range, const at::Tensor& weights,
                     const at::Tensor& gradient, const at::Tensor& next,
                     bool first, Pull pull, Direction direction) {
  coefficient rate = learning_rate();
  coefficient momentum = options_.momentum;
  coefficient fresh = 1 - options_.dampening;
  if (first)
    fused_pass(range, into(next, velocity_), from(weights, gradient),
               [=](auto w, auto g) {
                 auto d = pull(w, g);
                 return std::make_tuple(w - rate * direction(d, d), d);
               });
  else
    fused_pass(range, into(next, velocity_), from(weights, gradient, velocity_),
               [=](auto w, auto g, auto v) {
                 auto d = pull(w, g);
                 auto u = momentum * v + fresh * d;
                 return std::make_tuple(w - rate * direction(d, u), u);
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
  visitor.boolean("decay_weights_only", options_.decay_weights_only,
                  "leave biases and normalization layers out of weight decay");
  visitor.boolean("nesterov", options_.nesterov,
                  "look one step ahead along the velocity");
  if (options_.momentum == 0)
    visitor.idle("dampening", "there is no momentum");
  if (options_.weight_decay == 0)
    visitor.contradicts("decay_weights_only", "weight_decay is 0");
}

std::unique_ptr<optimizer>
sgd_recipe::make(std::shared_ptr<const parameter_layout> layout,
                 at::TensorOptions) const {
  return std::make_unique<sgd>(options_, *layout);
}

} // namespace caps
