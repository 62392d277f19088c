// Partitions whose unevenness is drawn from a symmetric Dirichlet
// distribution: small alpha, large differences.

#include "models/data/partition_schemes.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace caps {

namespace {

constexpr int attempts_max = 100;

/// Proportions of `count` parts, in any scale.
std::vector<double> draw_proportions(size_t count, double alpha,
                                     random_stream& stream) {
  std::vector<double> result(count);
  for (auto& x : result)
    x = stream.gamma(alpha);
  // As alpha goes to 0 one part takes everything, and all gammas underflow.
  if (std::accumulate(result.begin(), result.end(), 0.0) <= 0)
    result[stream.below(count)] = 1;
  return result;
}

size_t smallest(const shards& xs) {
  auto result = xs.front().size();
  for (const auto& x : xs)
    result = std::min(result, x.size());
  return result;
}

class skewed_partition : public partition_recipe {
public:
  explicit skewed_partition(const char* scheme, double alpha)
    : scheme_(scheme), alpha_(alpha) {}

  void describe(option_visitor& visitor) override {
    visitor.real("alpha", alpha_, positive(),
                 "concentration of the Dirichlet distribution: 0.1 is very "
                 "uneven, 100 nearly even");
    visitor.integer("min_samples", min_samples_, at_least(1),
                    "samples every node must get; the draw is repeated until "
                    "it does");
  }

  shards make(const partition_request& request,
              random_stream& stream) const override {
    require_samples(request, request.nodes, scheme_);
    require_fit(request);
    size_t best = 0;
    for (int i = 0; i < attempts_max; ++i) {
      auto result = deal(request, stream);
      best = std::max(best, smallest(result));
      if (std::cmp_greater_equal(smallest(result), min_samples_))
        return result;
    }
    throw input_error(fmt::format(
      "partition '{}' with alpha {} leaves one of {} nodes with less than {} "
      "of {} samples in each of {} attempts (at best {}); choose a larger "
      "alpha or a smaller min_samples",
      scheme_, to_text(alpha_), request.nodes, min_samples_,
      request.samples.size(), attempts_max, best));
  }

protected:
  virtual shards deal(const partition_request& request,
                      random_stream& stream) const = 0;

  double alpha() const noexcept { return alpha_; }

  const char* scheme() const noexcept { return scheme_; }

private:
  void require_fit(const partition_request& request) const {
    auto most = static_cast<int64_t>(request.samples.size()) / request.nodes;
    if (min_samples_ > most)
      throw input_error(fmt::format(
        "partition '{}' cannot give each of {} nodes {} of {} samples", scheme_,
        request.nodes, min_samples_, request.samples.size()));
  }

  const char* scheme_;
  double alpha_;
  int64_t min_samples_ = 1;
};

/// Divides every class among the nodes in proportions of its own, drawn from
/// Dirichlet(alpha) (Yurochkin et al. 2019).
class dirichlet_partition : public skewed_partition {
public:
  dirichlet_partition() : skewed_partition("dirichlet", 0.5) {}

protected:
  shards deal(const partition_request& request,
              random_stream& stream) const override {
    require_classes(request, scheme());
    shards result(static_cast<size_t>(request.nodes));
    for (auto& members : samples_of_classes(request)) {
      stream.shuffle(std::span{members});
      auto parts = cut_by_weights(
        members, draw_proportions(result.size(), alpha(), stream));
      for (size_t i = 0; i < result.size(); ++i)
        result[i].insert(result[i].end(), parts[i].begin(), parts[i].end());
    }
    return result;
  }
};

/// Random shards whose sizes are in proportions drawn from Dirichlet(alpha)
/// (Li et al. 2022); every node has all classes alike.
class quantity_skew_partition : public skewed_partition {
public:
  quantity_skew_partition() : skewed_partition("quantity_skew", 1) {}

protected:
  shards deal(const partition_request& request,
              random_stream& stream) const override {
    std::vector<int64_t> order{request.samples.begin(), request.samples.end()};
    stream.shuffle(std::span{order});
    auto nodes = static_cast<size_t>(request.nodes);
    return cut_by_weights(order, draw_proportions(nodes, alpha(), stream));
  }
};

} // namespace

std::unique_ptr<partition_recipe> make_dirichlet_partition() {
  return std::make_unique<dirichlet_partition>();
}

std::unique_ptr<partition_recipe> make_quantity_skew_partition() {
  return std::make_unique<quantity_skew_partition>();
}

} // namespace caps
