#pragma once

#include "runtime/cluster/hosts_file.hpp"
#include "runtime/run/run.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <set>

namespace caps {

/// Nodes of a plan that do not train.
std::set<node_id> servers_of(const run_plan& plan);

/// Runs a plan on the hosts of a file: waits for them at the head's door, deals
/// the nodes out, and is the head of their run. `scenario_file` is the resolved
/// scenario, which is sent to them. Throws `error` if one does not come.
///
/// @param status what the run is at, for hosts of the cluster that ask
run_end run_on_hosts(run_plan& plan, const run_settings& settings,
                     const hosts_file& hosts,
                     const std::filesystem::path& scenario_file,
                     run_observer& observer,
                     const std::function<nlohmann::json()>& status);

} // namespace caps
