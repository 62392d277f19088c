#include "actors/protocols/serving_options.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

namespace caps {

void serving_options::describe(option_visitor& visitor) {
  visitor.integer("servers", servers, {.min = 1, .max = 10'000},
                  "parameter servers that share the parameters in parts of "
                  "equal size; their ids follow those of the workers");
  visitor.integer("min_workers", min_workers, at_least(0),
                  "the run goes on without lost workers as long as that many "
                  "are left; 0: all must stay");
  reduction.describe(visitor);
  visitor.boolean("compress_pulls", reduce_pulls,
                  "what servers send is made smaller as well, not only what "
                  "workers send");
}

void check(const serving_options& options, const node_setting& node,
           std::string_view protocol) {
  if (node.role != node_role::parameter_server)
    return;
  auto workers = static_cast<int64_t>(node.in_neighbours.size());
  if (options.min_workers > workers)
    throw input_error(fmt::format("{}: min_workers is {}, but there are only "
                                  "{} workers",
                                  protocol, options.min_workers, workers));
  options.reduction.recipe().check();
  if (options.reduce_pulls && options.reduction.none())
    throw input_error(
      fmt::format("{}: compress_pulls needs a compressor", protocol));
}

used_settings used_with_servers() {
  return {.topology = false,
          .mixing = false,
          .optimizer = true,
          .swaps = false,
          .same_start = false,
          .consensus = false};
}

round_cost serving_cost(const serving_options& options,
                        const node_setting& node) {
  round_cost result;
  result.messages = static_cast<double>(node.out_neighbours.size());
  // A worker sends each server a part of one gradient, a server each worker a
  // part of the parameters.
  result.vectors = result.messages / static_cast<double>(options.servers);
  return result;
}

} // namespace caps
