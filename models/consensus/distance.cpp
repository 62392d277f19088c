#include "models/consensus/distance.hpp"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

namespace caps {

double distance(const at::Tensor& a, const at::Tensor& b) {
  return at::linalg_vector_norm(a.to(at::kDouble).sub(b)).item().toDouble();
}

double consensus_distance(std::span<const at::Tensor> parameters) {
  if (parameters.empty())
    return 0;
  auto mean
    = at::zeros_like(parameters[0], parameters[0].options().dtype(at::kDouble));
  for (const auto& x : parameters)
    mean.add_(x);
  mean.div_(static_cast<double>(parameters.size()));
  double sum = 0;
  for (const auto& x : parameters)
    sum += distance(x, mean);
  return sum / static_cast<double>(parameters.size());
}

} // namespace caps
