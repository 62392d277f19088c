#pragma once

#include "models/flat_buffer.hpp"

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

namespace caps {

/// D-SGD's averaging step (Lian et al., NeurIPS 2017): writes
///
///     next = self_weight w + sum_j neighbour_weights[j] received[j]
///
/// in one pass over memory. `next` may be the same tensor as `weights`, but
/// none of `received`. Sums in the order given, so the result does not depend
/// on how the pass is cut. Throws `error` unless every received vector has a
/// weight and is like `weights`.
void average(const at::Tensor& weights, double self_weight,
             std::span<const at::Tensor> received,
             std::span<const double> neighbour_weights, const at::Tensor& next);

/// The published uniform weights: next = (w + sum_j received[j]) / (E + 1),
/// with E the number of received vectors.
void average_uniformly(const at::Tensor& weights,
                       std::span<const at::Tensor> received,
                       const at::Tensor& next);

/// Those of what belongs to neighbours that are fresh, in their order.
template <class T>
std::vector<T> fresh_of(std::span<const T> all, const std::vector<bool>& fresh) {
  std::vector<T> result;
  for (size_t j = 0; j < all.size(); ++j)
    if (fresh[j])
      result.push_back(all[j]);
  return result;
}

/// The average with those of the received vectors that are fresh:
/// next = w + sum_j neighbour_weights[j] (received[j] - w) over these j. Like
/// `average` else.
void average_fresh(const at::Tensor& weights,
                   std::span<const at::Tensor> received,
                   const std::vector<bool>& fresh,
                   std::span<const double> neighbour_weights,
                   const at::Tensor& next);

/// The average of vectors that stand for masses, as push-sum's z is one:
/// next = (m w + sum_j masses[j] received[j]) / (m + sum_j masses[j]) over the
/// fresh j. @pre `mass` is positive, the others are not negative
void average_masses(const at::Tensor& weights, double mass,
                    std::span<const at::Tensor> received,
                    const std::vector<bool>& fresh,
                    std::span<const double> masses, const at::Tensor& next);

/// Makes the mean of those vectors that are defined the next version of `mean`;
/// without any it stays.
void average_known(std::vector<at::Tensor> vectors, flat_buffer& mean);

} // namespace caps
