#include "models/data/partition_schemes.hpp"

namespace caps {

registry<partition_recipe> built_in_partitions() {
  registry<partition_recipe> result{"partition"};
  result.add(
    {"iid", "random disjoint shards of equal size", make_iid_partition});
  result.add({"contiguous",
              "disjoint shards of equal size in the order of the data",
              make_contiguous_partition});
  result.add({"shared", "every node holds all samples", make_shared_partition});
  result.add({"shards",
              "runs of the label-sorted data dealt at random (McMahan et al. "
              "2017)",
              make_shards_partition});
  result.add({"labels",
              "distinct classes for each node, all shards cut to the smallest",
              make_labels_partition});
  result.add({"labels_unscaled", "distinct classes for each node",
              make_labels_unscaled_partition});
  result.add({"class_windows",
              "overlapping runs of the shuffled classes (published "
              "peer-to-peer experiments)",
              make_class_windows_partition});
  result.add({"dirichlet",
              "each class divided in proportions drawn from Dirichlet(alpha) "
              "(Yurochkin et al. 2019)",
              make_dirichlet_partition});
  result.add({"quantity_skew",
              "random shards with sizes drawn from Dirichlet(alpha) (Li et al. "
              "2022)",
              make_quantity_skew_partition});
  return result;
}

} // namespace caps
