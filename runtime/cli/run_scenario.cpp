#include "runtime/cli/run_scenario.hpp"

#include "models/errors.hpp"
#include "runtime/cli/arithmetic_choice.hpp"

#include <fmt/format.h>

namespace caps {

loaded_scenario load_run(const cli_options& options, const components& known) {
  auto result = load_scenario(options.scenario, options.all_settings(), known);
  auto& x = result.content;
  use_arithmetic_of(x);
  if (options.processes == 1)
    return result;
  if (options.clock == "virtual")
    throw input_error("--processes: the virtual clock lives in one process; "
                      "leave out --clock virtual or --processes");
  auto nodes = x.nodes + x.protocol.recipe()->servers().servers;
  if (static_cast<int64_t>(options.processes) > nodes)
    throw input_error(fmt::format("--processes {}: the scenario has only {} "
                                  "nodes",
                                  options.processes, nodes));
  x.clock = "real";
  return result;
}

} // namespace caps
