// Partitions that look at no label and give each node as much as the others.

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

/// Every node trains on all samples, each in an order of its own.
class shared_partition : public partition_recipe {
public:
  shards make(const partition_request& request, random_stream&) const override {
    require_samples(request, 1, "shared");
    return shards(
      static_cast<size_t>(request.nodes),
      std::vector<int64_t>{request.samples.begin(), request.samples.end()});
  }
};

} // namespace

std::unique_ptr<partition_recipe> make_iid_partition() {
  return std::make_unique<iid_partition>();
}

std::unique_ptr<partition_recipe> make_shared_partition() {
  return std::make_unique<shared_partition>();
}

std::unique_ptr<partition_recipe> make_contiguous_partition() {
  return std::make_unique<contiguous_partition>();
}

} // namespace caps
