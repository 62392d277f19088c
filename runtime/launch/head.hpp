#pragma once

#include "runtime/launch/team.hpp"
#include "runtime/run/run.hpp"

#include <functional>

namespace caps {

/// The head of a run over several processes: coordinator and evaluator live
/// here. Watches the others: when one dies or falls silent, the run ends with
/// an error that names it, unless it can go on; when this process does, they
/// end.
///
/// @param gather brings the processes together; called once
run_end run_head(run_plan& plan, const run_settings& settings,
                 run_observer& observer, const std::function<team()>& gather);

} // namespace caps
