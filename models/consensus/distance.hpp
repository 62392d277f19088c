#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

/// The mean of vectors of one length and type, in double precision and summed
/// in order; undefined for none.
at::Tensor mean_of(std::span<const at::Tensor> vectors);

/// The consensus distance: mean over the nodes of the Euclidean distance
/// between a node's parameters and the mean of all. Sums in double precision
/// and in order, so the result depends on the values alone. All vectors are
/// 1-D, of one length and type; no vectors give 0.
double consensus_distance(std::span<const at::Tensor> parameters);

/// The same where their mean is known.
double consensus_distance(std::span<const at::Tensor> parameters,
                          const at::Tensor& mean);

/// The Euclidean distance of two vectors of one length and type.
double distance(const at::Tensor& a, const at::Tensor& b);

} // namespace caps
