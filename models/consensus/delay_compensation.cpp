#include "models/consensus/delay_compensation.hpp"

#include "models/fused_pass.hpp"

#include <fmt/format.h>

namespace caps {

void compensate_delay(const at::Tensor& gradient, const at::Tensor& weights,
                      const at::Tensor& old_weights, double lambda,
                      const at::Tensor& compensated) {
  if (!(lambda >= 0) || !std::isfinite(lambda))
    throw input_error(fmt::format("delay compensation: lambda is {}, but must "
                                  "be 0 or more",
                                  lambda));
  fused_pass(into(compensated), from(gradient, weights, old_weights),
             [c = coefficient{lambda}](auto g, auto w, auto old) {
               return g + c * (g * g * (w - old));
             });
}

} // namespace caps
