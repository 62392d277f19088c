#pragma once

#include "runtime/recording/rerun.hpp"
#include "runtime/run/plan.hpp"
#include "runtime/run/scenario_change.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <functional>
#include <string>

namespace caps {

/// The changes in the course of the recorded run.
std::vector<scenario_change> changes_of(recording_file& file);

/// Changes of the scenario in the file, ready to be made; null for none.
std::shared_ptr<const change_schedule>
make_changes(recording_file& file, const std::vector<scenario_change>& changes,
             const components& known);

/// Decides whether a plug-in that a recording names may be loaded, whose code
/// then runs in this process.
using plugin_consent = std::function<bool(const std::string& plugin)>;

/// Makes the plan of the recorded run again, from the scenario in the file.
/// Plug-ins it names are loaded if they are among those known or there is
/// consent. Throws `input_error` for one that may not be loaded, for a
/// recording without events, for a scenario that this program cannot make a
/// plan from, or one that belongs to other nodes or another net than the
/// recording.
run_plan plan_of(recording_file& file, const components& known,
                 const plugin_consent& may_load = {},
                 setup_phase* setup = nullptr);

/// Whether messages of this plan may be lost or come twice.
bool is_lossy(const run_plan& plan);

/// What a rerun of the plan must know of its recording.
rerun_facts rerun_facts_of(recording_file& file, const run_plan& plan);

/// The layout of what a node of the plan keeps.
parameter_layout layout_of(const run_plan& plan, node_id node);

} // namespace caps
