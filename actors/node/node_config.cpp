#include "actors/node/node_config.hpp"

namespace caps {

node_config complete(node_config own, const node_environment& environment) {
  if (own.part.numel == 0)
    own.part = {0, environment.model->layout().numel()};
  if (own.updates_per_epoch == 0)
    own.updates_per_epoch = environment.steps_per_epoch;
  return own;
}

} // namespace caps
