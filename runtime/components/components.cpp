#include "runtime/components/components.hpp"

namespace caps {

namespace {

template <class Recipe>
auto shared(registry<Recipe> x) {
  return std::make_shared<registry<Recipe>>(std::move(x));
}

} // namespace

components built_in_components() {
  components result;
  result.topologies = shared(built_in_topologies());
  result.swap_schedules = shared(built_in_swap_schedules());
  result.datasets = shared(built_in_datasets());
  result.partitions = shared(built_in_partitions());
  result.models = shared(built_in_nets());
  result.optimizers = shared(built_in_optimizers());
  result.schedules = shared(built_in_schedules());
  result.protocols = shared(built_in_protocols());
  return result;
}

} // namespace caps
