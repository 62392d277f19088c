#include "models/compression/error_feedback.hpp"

#include "models/fused_pass.hpp"

#include <ATen/ops/clone.h>

namespace caps {

compressed_vector error_feedback::compress(const at::Tensor& x,
                                           random_stream& stream) {
  if (inner_->is_exact())
    return inner_->compress(x, stream);
  if (residual_.defined())
    fused_pass(into(residual_), from(residual_, x),
               [](auto kept, auto fresh) { return kept + fresh; });
  else
    residual_ = at::clone(x);
  auto result = inner_->compress(residual_, stream);
  add_decompressed(result, -1, residual_);
  return result;
}

void error_feedback::visit_state(state_visitor& visitor) {
  visitor.tensor("residual", residual_);
}

} // namespace caps
