#include "models/consensus/distance.hpp"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros_like.h>

namespace caps {

double distance(const at::Tensor& a, const at::Tensor& b) {
  return at::linalg_vector_norm(a.to(at::kDouble).sub(b)).item().toDouble();
}

at::Tensor mean_of(std::span<const at::Tensor> vectors) {
  if (vectors.empty())
    return {};
  auto mean
    = at::zeros_like(vectors[0], vectors[0].options().dtype(at::kDouble));
  for (const auto& x : vectors)
    mean.add_(x);
  return mean.div_(static_cast<double>(vectors.size()));
}

double consensus_distance(std::span<const at::Tensor> parameters) {
  return consensus_distance(parameters, mean_of(parameters));
}

double consensus_distance(std::span<const at::Tensor> parameters,
                          const at::Tensor& mean) {
  if (parameters.empty())
    return 0;
  double sum = 0;
  for (const auto& x : parameters)
    sum += distance(x, mean);
  return sum / static_cast<double>(parameters.size());
}

} // namespace caps
