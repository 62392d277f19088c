#include "models/nets/net.hpp"

#include <ATen/ops/cross_entropy_loss.h>

namespace caps {

at::Tensor net::loss(const at::Tensor& output, const at::Tensor& target) const {
  return at::cross_entropy_loss(output, target);
}

} // namespace caps
