#pragma once

#include "runtime/run/run.hpp"
#include "tests/models/support/reference.hpp"

#include <vector>

namespace caps::test {

/// The scenario of a golden trajectory, as a user would write it, with the
/// trajectory's own losses, start and order of neighbours put in.
run_plan plan_of(const reference& x, int64_t steps,
                 const std::vector<std::string>& settings = {});

/// The parameters of every node after each step of a run on the virtual clock;
/// [step][node], starting with step 1. Fails the test if the run does.
std::vector<std::vector<vector>> trajectory_of(run_plan& plan,
                                               size_t threads = 1);

} // namespace caps::test
