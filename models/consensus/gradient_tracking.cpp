#include "models/consensus/gradient_tracking.hpp"

#include "models/fused_pass.hpp"

namespace caps {

void track_gradient(const at::Tensor& mixed, const at::Tensor& gradient,
                    const at::Tensor& previous, const at::Tensor& tracker) {
  fused_pass(into(tracker, previous), from(mixed, gradient, previous),
             [](auto y, auto g, auto before) {
               return std::make_tuple(y + (g - before), g);
             });
}

} // namespace caps
