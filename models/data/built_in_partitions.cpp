#include "models/data/partition_schemes.hpp"

namespace caps {

registry<partition_recipe> built_in_partitions() {
  registry<partition_recipe> result{"partition"};
  result.add(
    {"iid", "random disjoint shards of equal size", make_iid_partition});
  result.add({"contiguous",
              "disjoint shards of equal size in the order of the data",
              make_contiguous_partition});
  result.add({"shards",
              "runs of the label-sorted data dealt at random (McMahan et al. "
              "2017)",
              make_shards_partition});
  return result;
}

} // namespace caps
