// Partitions into disjoint shards of the same size that look at no label.

#include "models/data/partition_schemes.hpp"

namespace caps {

namespace {

class iid_partition : public partition_recipe {
public:
  shards make(const partition_request& request,
              random_stream& stream) const override {
    require_samples(request, request.nodes, "iid");
    std::vector<int64_t> order{request.samples.begin(), request.samples.end()};
    stream.shuffle(std::span{order});
    return cut_evenly(order, request.nodes);
  }
};

class contiguous_partition : public partition_recipe {
public:
  shards make(const partition_request& request, random_stream&) const override {
    require_samples(request, request.nodes, "contiguous");
    return cut_evenly(request.samples, request.nodes);
  }
};

} // namespace

std::unique_ptr<partition_recipe> make_iid_partition() {
  return std::make_unique<iid_partition>();
}

std::unique_ptr<partition_recipe> make_contiguous_partition() {
  return std::make_unique<contiguous_partition>();
}

} // namespace caps
