#include "models/optim/adam.hpp"

#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace caps {

adam::adam(const adam_options& options, const parameter_layout& layout)
  : optimizer(options.learning_rate), options_(options),
    ranges_(decay_ranges(layout, options.decay_weights_only)) {}

void adam::step(const at::Tensor& weights, const at::Tensor& gradient,
                const at::Tensor& next) {
  if (!mean_.defined()) {
    mean_ = at::zeros_like(weights);
    square_ = at::zeros_like(weights);
    if (options_.amsgrad)
      largest_square_ = at::zeros_like(weights);
  }
  ++steps_;
  auto t = static_cast<double>(steps_);
  coefficient keep1 = options_.beta1;
  coefficient take1 = 1 - options_.beta1;
  coefficient keep2 = options_.beta2;
  coefficient take2 = 1 - options_.beta2;
  coefficient eps = options_.eps;
  coefficient rate = learning_rate() / (1 - std::pow(options_.beta1, t));
  coefficient unbias = 1 / std::sqrt(1 - std::pow(options_.beta2, t));
  for (const auto& [range, decays] : ranges_) {
    auto pull = decays ? options_.weight_decay : 0;
    coefficient add = options_.decoupled_decay ? 0 : pull;
    coefficient shrink
      = options_.decoupled_decay ? 1 - learning_rate() * pull : 1;
    auto moments = [=](auto w, auto g, auto m, auto s) {
      auto d = g + add * w;
      return std::make_tuple(keep1 * m + take1 * d,
                             keep2 * s + take2 * (d * d));
    };
    auto moved = [=](auto w, auto m, auto s) {
      using std::sqrt;
      return shrink * w - rate * (m / (unbias * sqrt(s) + eps));
    };
    if (options_.amsgrad)
      fused_pass(range, into(next, mean_, square_, largest_square_),
                 from(weights, gradient, mean_, square_, largest_square_),
                 [=](auto w, auto g, auto m, auto s, auto largest) {
                   using std::max;
                   auto [u, v] = moments(w, g, m, s);
                   auto top = max(largest, v);
                   return std::make_tuple(moved(w, u, top), u, v, top);
                 });
    else
      fused_pass(range, into(next, mean_, square_),
                 from(weights, gradient, mean_, square_),
                 [=](auto w, auto g, auto m, auto s) {
                   auto [u, v] = moments(w, g, m, s);
                   return std::make_tuple(moved(w, u, v), u, v);
                 });
  }
}

void adam::visit_state(state_visitor& visitor) {
  optimizer::visit_state(visitor);
  visitor.integer("steps", steps_);
  visitor.tensor("mean", mean_);
  visitor.tensor("square", square_);
  visitor.tensor("largest_square", largest_square_);
}

adam_recipe::adam_recipe(bool decoupled_decay) {
  options_.decoupled_decay = decoupled_decay;
  if (decoupled_decay)
    options_.weight_decay = 0.01;
}

void adam_recipe::describe(option_visitor& visitor) {
  visitor.real("lr", options_.learning_rate, non_negative(),
               "step size (learning rate)");
  visitor.real("beta1", options_.beta1, between_open(0, 1),
               "share of the gradient's running mean kept in a step");
  visitor.real("beta2", options_.beta2, between_open(0, 1),
               "share of the running mean of its square kept in a step");
  visitor.real("eps", options_.eps, positive(),
               "added to the root of the mean square before dividing by it");
  visitor.real("weight_decay", options_.weight_decay, non_negative(),
               options_.decoupled_decay
                 ? "share of the weights taken off in a step, times lr"
                 : "pull of the weights towards 0 (l2)");
  visitor.boolean("decay_weights_only", options_.decay_weights_only,
                  "leave biases and normalization layers out of weight decay");
  visitor.boolean("amsgrad", options_.amsgrad,
                  "divide by the largest mean square so far");
  if (options_.weight_decay == 0)
    visitor.contradicts("decay_weights_only", "weight_decay is 0");
}

std::unique_ptr<optimizer>
adam_recipe::make(std::shared_ptr<const parameter_layout> layout,
                  at::TensorOptions) const {
  return std::make_unique<adam>(options_, *layout);
}

} // namespace caps
