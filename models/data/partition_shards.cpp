#include "models/data/partition_schemes.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

/// Sorts the samples by class, cuts them into nodes x `shards_per_node` runs
/// and deals each node that many of them at random (McMahan et al. 2017).
class shards_partition : public partition_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("shards_per_node", shards_per_node_, at_least(1),
                    "runs of the label-sorted data that a node gets; few mean "
                    "few classes a node");
  }

  shards make(const partition_request& request,
              random_stream& stream) const override {
    require_classes(request, "shards");
    if (request.nodes > 0
        && shards_per_node_
             > static_cast<int64_t>(request.samples.size()) / request.nodes)
      throw input_error(fmt::format(
        "partition 'shards' cannot make {} nodes x {} shards of {} samples",
        request.nodes, shards_per_node_, request.samples.size()));
    auto parts = request.nodes * shards_per_node_;
    require_samples(request, parts, "shards");
    std::vector<int64_t> order;
    for (const auto& members : samples_of_classes(request))
      order.insert(order.end(), members.begin(), members.end());
    auto runs = cut_evenly(order, parts);
    stream.shuffle(std::span{runs});
    shards result(static_cast<size_t>(request.nodes));
    for (size_t i = 0; i < runs.size(); ++i) {
      auto& shard = result[i % result.size()];
      shard.insert(shard.end(), runs[i].begin(), runs[i].end());
    }
    return result;
  }

private:
  int64_t shards_per_node_ = 2;
};

} // namespace

std::unique_ptr<partition_recipe> make_shards_partition() {
  return std::make_unique<shards_partition>();
}

} // namespace caps
