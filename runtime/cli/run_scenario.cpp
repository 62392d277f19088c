#include "runtime/cli/run_scenario.hpp"

#include "models/errors.hpp"
#include "runtime/cli/arithmetic_choice.hpp"

#include <fmt/format.h>

namespace caps {

loaded_scenario load_run(const cli_options& options, const components& known) {
  auto result = load_scenario(options.scenario, options.all_settings(), known);
  auto& x = result.content;
  use_arithmetic_of(x);
  auto how = options.on_hosts() ? "--hosts" : "--processes";
  if (options.processes == 1 && !options.on_hosts())
    return result;
  if (options.clock == "virtual")
    throw input_error(fmt::format("{0}: the virtual clock lives in one process; "
                                  "leave out --clock virtual or {0}",
                                  how));
  auto nodes = x.nodes + x.protocol.recipe()->servers().servers;
  if (static_cast<int64_t>(options.processes) > nodes)
    throw input_error(fmt::format("--processes {}: the scenario has only {} "
                                  "nodes",
                                  options.processes, nodes));
  x.clock = "real";
  return result;
}

std::optional<hosts_file> hosts_of(const cli_options& options,
                                   const std::optional<job>& where) {
  if (!options.on_hosts()) {
    if (options.head_only)
      throw input_error("--head-only: only a run on hosts has a head; give "
                        "--hosts as well");
    return std::nullopt;
  }
  if (options.processes > 1)
    throw input_error("--processes: a run on hosts has a process on each; "
                      "leave out --processes or --hosts");
  auto result = where ? hosts_of(*where, options.cluster_folder)
                      : read_hosts_file(options.hosts);
  if (options.head_only)
    result.head.reset();
  return result;
}

} // namespace caps
