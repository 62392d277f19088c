#pragma once

#include "models/optim/optimizer.hpp"

namespace caps {

/// What an optimizer makes of a gradient, as a gradient again: writes
/// (w - w')/learning_rate to `direction`, with w' what a step of the
/// optimizer leads to. Rules that take a step of their own (PDMM, ADMM) work
/// so with momentum, weight decay or Adam. `direction` must be none of the
/// others.
void step_direction(optimizer& how, const at::Tensor& weights,
                    const at::Tensor& gradient, const at::Tensor& direction);

} // namespace caps
