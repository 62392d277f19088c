#pragma once

#include <ATen/core/Tensor.h>

#include <span>

namespace caps {

/// Gossip SGD's averaging step (Niwa et al., KDD 2020, the published program):
/// one neighbour after the other, w = (w + received[j]) / 2. Neighbour j is
/// sent the parameters as they are after averaging with it, written to
/// `sent[j]`; an undefined tensor there means that nobody wants them. The
/// parameters after all neighbours are written to `next`, which may be the
/// same tensor as `weights`.
///
/// One pass over memory. Throws `error` if `sent` and `received` differ in
/// length or the vectors do not fit together.
void gossip(const at::Tensor& weights, std::span<const at::Tensor> received,
            std::span<const at::Tensor> sent, const at::Tensor& next);

} // namespace caps
