#pragma once

#include "models/flat_buffer.hpp"
#include "models/optim/optimizer.hpp"

namespace caps {

/// Makes the next version of `weights`: one step of `rule` along `gradient`, at
/// `rate_factor` times its learning rate.
void update(optimizer& rule, flat_buffer& weights, const at::Tensor& gradient,
            double rate_factor = 1);

} // namespace caps
