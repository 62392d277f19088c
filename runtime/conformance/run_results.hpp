#pragma once

#include "runtime/run/plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace caps {

/// Everything in the folder of a run that the same scenario gives again.
std::string fingerprint(const std::filesystem::path& folder);

/// The last parameters of all nodes that wrote them.
std::vector<at::Tensor> last_weights(const run_plan& plan,
                                     const std::filesystem::path& folder);

} // namespace caps
