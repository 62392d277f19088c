#include "models/data/partition_schemes.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

/// Gives every node classes of its own: the classes are shuffled and dealt
/// round-robin. With `equal_sizes` all shards are cut, at random, to the size
/// of the smallest (the published parameter-server programs).
class labels_partition : public partition_recipe {
public:
  explicit labels_partition(bool equal_sizes) : equal_sizes_(equal_sizes) {}

  shards make(const partition_request& request,
              random_stream& stream) const override {
    auto scheme = equal_sizes_ ? "labels" : "labels_unscaled";
    require_classes(request, scheme);
    require_samples(request, request.nodes, scheme);
    auto members = samples_of_classes(request);
    auto nodes = static_cast<size_t>(request.nodes);
    if (members.size() % nodes != 0)
      throw input_error(
        fmt::format("partition '{}' cannot deal {} classes evenly to {} nodes",
                    scheme, members.size(), nodes));
    stream.shuffle(std::span{members});
    shards result(nodes);
    for (size_t i = 0; i < members.size(); ++i) {
      auto& shard = result[i % nodes];
      shard.insert(shard.end(), members[i].begin(), members[i].end());
    }
    require_filled(result, scheme);
    if (equal_sizes_)
      cut_to_smallest(result, stream);
    return result;
  }

private:
  static void cut_to_smallest(shards& xs, random_stream& stream) {
    auto smallest = xs.front().size();
    for (const auto& x : xs)
      smallest = std::min(smallest, x.size());
    for (auto& x : xs) {
      stream.shuffle(std::span{x});
      x.resize(smallest);
    }
  }

  bool equal_sizes_;
};

/// The published peer-to-peer rule: the classes are shuffled, and node k holds
/// `classes_per_node` of them from place k * `shift` on, wrapping around. A
/// class in several windows is divided among their nodes with weights
/// 1 - u * `lambda`, u uniform; one in no window is left out.
class class_windows_partition : public partition_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("classes_per_node", classes_per_node_, at_least(1),
                    "classes a node holds (published: node_per_classes)");
    visitor.integer("shift", shift_, at_least(0),
                    "classes between the windows of two successive nodes "
                    "(published: nshift_of_nodes)");
    visitor.real("lambda", lambda_, between_open(0, 1),
                 "how unevenly a class is divided among its nodes; 0 for "
                 "equal parts");
  }

  shards make(const partition_request& request,
              random_stream& stream) const override {
    require_classes(request, "class_windows");
    require_samples(request, request.nodes, "class_windows");
    auto members = samples_of_classes(request);
    if (std::cmp_greater(classes_per_node_, members.size()))
      throw input_error(
        fmt::format("partition 'class_windows' cannot give a node {} of {} "
                    "classes",
                    classes_per_node_, members.size()));
    stream.shuffle(std::span{members});
    shards result(static_cast<size_t>(request.nodes));
    for (size_t place = 0; place < members.size(); ++place) {
      auto nodes = holders(place, members.size(), result.size());
      if (nodes.empty())
        continue;
      std::vector<double> weights;
      for (size_t i = 0; i < nodes.size(); ++i)
        weights.push_back(1 - stream.uniform() * lambda_);
      stream.shuffle(std::span{members[place]});
      auto parts = cut_by_weights(members[place], weights);
      for (size_t i = 0; i < nodes.size(); ++i)
        result[nodes[i]].insert(result[nodes[i]].end(), parts[i].begin(),
                                parts[i].end());
    }
    require_filled(result, "class_windows");
    return result;
  }

private:
  /// The nodes whose window covers the class at `place`.
  std::vector<size_t> holders(size_t place, size_t classes,
                              size_t nodes) const {
    // Modulo first: the product of two large options must not overflow.
    auto shift = static_cast<size_t>(shift_) % classes;
    std::vector<size_t> result;
    for (size_t node = 0; node < nodes; ++node) {
      auto first = node % classes * shift % classes;
      auto distance = (place + classes - first) % classes;
      if (std::cmp_less(distance, classes_per_node_))
        result.push_back(node);
    }
    return result;
  }

  int64_t classes_per_node_ = 8;
  int64_t shift_ = 4;
  double lambda_ = 0.2;
};

} // namespace

std::unique_ptr<partition_recipe> make_labels_partition() {
  return std::make_unique<labels_partition>(true);
}

std::unique_ptr<partition_recipe> make_labels_unscaled_partition() {
  return std::make_unique<labels_partition>(false);
}

std::unique_ptr<partition_recipe> make_class_windows_partition() {
  return std::make_unique<class_windows_partition>();
}

} // namespace caps
