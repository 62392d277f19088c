#include "runtime/scenario/components.hpp"

namespace caps {

namespace {

template <class Recipe>
auto shared(registry<Recipe> x) {
  return std::make_shared<registry<Recipe>>(std::move(x));
}

} // namespace

components built_in_components() {
  return {shared(built_in_topologies()), shared(built_in_datasets()),
          shared(built_in_partitions()), shared(built_in_nets()),
          shared(built_in_optimizers()), shared(built_in_protocols())};
}

} // namespace caps
