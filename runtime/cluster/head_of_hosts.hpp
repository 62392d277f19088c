#pragma once

#include "runtime/cluster/hosts_file.hpp"
#include "runtime/run/run.hpp"

#include <filesystem>

namespace caps {

/// What a head says to a host that comes too late, or again.
inline constexpr auto run_under_way = "a run is under way without this host";

/// Runs a plan on the hosts of a file: waits for them at the head's door, deals
/// the nodes out, and is the head of their run. `scenario_file` is the resolved
/// scenario, which is sent to them. Throws `error` if one does not come.
run_end run_on_hosts(run_plan& plan, const run_settings& settings,
                     const hosts_file& hosts,
                     const std::filesystem::path& scenario_file,
                     run_observer& observer);

} // namespace caps
