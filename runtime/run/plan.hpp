#pragma once

#include "actors/membership/membership.hpp"
#include "actors/node/node.hpp"
#include "models/consensus/mixing.hpp"
#include "models/data/partition.hpp"
#include "runtime/scenario/reader.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace caps {

class change_schedule;
class setup_phase;

/// What the mixing weights of a run promise.
struct mixing_report {
  /// Why the weights are not doubly stochastic; empty if they are.
  std::string not_doubly_stochastic;
  /// 1 - |second eigenvalue|; absent where it has no meaning.
  std::optional<double> spectral_gap;
};

/// A checked scenario with everything made that its nodes need: data loaded
/// and dealt, graph drawn, net laid out. Each process of a run makes the same
/// plan.
struct run_plan {
  scenario content;
  graph topology;
  mixing_matrix mixing;
  mixing_report mixing_facts;
  std::shared_ptr<const net> model;
  dataset_pair data;
  /// Training samples held out to measure on.
  std::vector<int64_t> validation;
  shards shard_of_node;
  std::shared_ptr<node_environment> environment;
  std::vector<node_config> nodes;
  /// Who takes part when, and what befalls them; null where nobody comes and
  /// goes.
  std::shared_ptr<const membership_rules> membership = nullptr;
  /// What changes in the course of the run; null for nothing.
  std::shared_ptr<const change_schedule> changes = nullptr;
  /// A line for each key that was given and makes no difference.
  std::vector<std::string> warnings{};
};

/// What a protocol must know of one node of a plan.
node_setting setting_of(const run_plan& plan, const node_config& node,
                        double learning_rate);

/// Makes a plan; throws `input_error` with the place of the key that does not
/// fit, or `data_error` for data that is missing or damaged. Tells `setup`, if
/// there is one, what it is at.
run_plan make_plan(loaded_scenario loaded, setup_phase* setup = nullptr);

} // namespace caps
