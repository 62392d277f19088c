#include "models/optim/update.hpp"

#include <utility>

namespace caps {

void update(optimizer& rule, flat_buffer& weights, const at::Tensor& gradient,
            double rate_factor) {
  auto rate = rule.learning_rate();
  rule.learning_rate(rate * rate_factor);
  auto next = weights.target();
  rule.step(weights.read(), gradient, next);
  weights.commit(std::move(next));
  rule.learning_rate(rate);
}

} // namespace caps
