#include "models/optim/direction.hpp"

#include "models/consensus/linear_sum.hpp"

#include <array>

namespace caps {

void step_direction(optimizer& how, const at::Tensor& weights,
                    const at::Tensor& gradient, const at::Tensor& direction) {
  how.step(weights, gradient, direction);
  auto scale = 1 / how.learning_rate();
  std::array terms{linear_term{-scale, flat_view{direction}},
                   linear_term{scale, flat_view{weights}}};
  linear_sum(element_range{0, weights.numel()}, flat_view{direction}, terms);
}

} // namespace caps
