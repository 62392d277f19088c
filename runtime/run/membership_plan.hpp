#pragma once

#include "runtime/run/plan.hpp"

namespace caps {

/// Plans the faults of a run: where nobody comes and goes, when which node
/// crashes; else the rules of its membership, and the edges of the nodes that
/// are there from the start. Throws `input_error` with the place of a key that
/// does not fit.
void plan_membership(run_plan& plan, const source_map& places);

} // namespace caps
