#pragma once

#include "actors/node/protocol.hpp"
#include "models/data/dataset.hpp"
#include "models/data/partition.hpp"
#include "models/nets/net.hpp"
#include "models/optim/optimizer.hpp"
#include "models/optim/schedule.hpp"
#include "runtime/components/message_registry.hpp"
#include "runtime/topology/graph.hpp"

#include <memory>
#include <string>
#include <vector>

namespace caps {

/// Everything a scenario can name, built-in or from plug-ins.
struct components {
  std::shared_ptr<registry<topology_recipe>> topologies;
  std::shared_ptr<registry<swap_schedule_recipe>> swap_schedules;
  std::shared_ptr<registry<dataset_recipe>> datasets;
  std::shared_ptr<registry<partition_recipe>> partitions;
  std::shared_ptr<registry<net_recipe>> models;
  std::shared_ptr<registry<optimizer_recipe>> optimizers;
  std::shared_ptr<registry<schedule_recipe>> schedules;
  std::shared_ptr<registry<protocol_recipe>> protocols;
  message_registry messages;
  /// Absolute paths of the plug-ins that added to them, in order of loading.
  std::vector<std::string> plugins;
};

/// The components that come with this program.
components built_in_components();

} // namespace caps
