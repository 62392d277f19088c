#pragma once

#include "runtime/run/plan.hpp"

namespace caps {

/// The problem all runs solve. The nodes' own minimizers lie apart, so that a
/// protocol must make them talk, and the graph is one that every protocol
/// takes.
inline constexpr auto least_squares_scenario = R"(seed = 3
[nodes]
count = 4
[topology]
kind = "ring"
lazy = true
[swaps]
timeout = "1s"
[data]
name = "least_squares"
rows = 40
groups = 4
features = 8
spread = 0.2
[partition]
kind = "contiguous"
[model]
name = "least_squares"
dtype = "float64"
[training]
epochs = 6
batch = 4
[optimizer]
name = "sgd"
lr = 0.002
[compute]
step_time = "10ms"
)";

/// The point where the sum of all nodes' losses is least.
at::Tensor minimizer(const run_plan& plan);

} // namespace caps
