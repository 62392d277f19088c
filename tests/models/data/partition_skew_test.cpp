#include "tests/support/catch.hpp"

#include "models/data/row_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/partition_support.hpp"

#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>

using caps::input_error;
using caps::shards;
using namespace caps::test;

namespace {

std::string complaint(const std::string& name, const caps::dataset& data,
                      int64_t nodes, const option_values& options = {}) {
  return message_of<input_error>([&] { deal(name, data, nodes, options); });
}

/// Mean over nodes of the total variation between a node's class shares and
/// those of all data: 0 for alike, towards 1 for a class of its own.
double skew(const caps::dataset& data, const shards& xs) {
  auto shares = [&](const std::vector<int64_t>& shard) {
    std::vector<double> result;
    for (auto count : caps::class_histogram(data, shard))
      result.push_back(static_cast<double>(count)
                       / static_cast<double>(shard.size()));
    return result;
  };
  auto overall = shares(all_of(data));
  double sum = 0;
  for (const auto& x : xs) {
    auto own = shares(x);
    for (size_t c = 0; c < own.size(); ++c)
      sum += std::abs(own[c] - overall[c]) / 2;
  }
  return sum / static_cast<double>(xs.size());
}

double size_deviation(const shards& xs) {
  double sum = 0, squares = 0;
  for (auto size : sizes(xs)) {
    sum += static_cast<double>(size);
    squares += static_cast<double>(size * size);
  }
  auto n = static_cast<double>(xs.size());
  return std::sqrt(squares / n - sum / n * sum / n) / (sum / n);
}

} // namespace

TEST_CASE("labels gives every node its own classes", "[partition_skew]") {
  auto data = labelled(1'003, 10); // some classes have 101 samples
  for (auto name : {"labels", "labels_unscaled"})
    for (int64_t nodes : {1, 2, 5, 10}) {
      auto xs = deal(name, data, nodes);
      std::set<int64_t> seen;
      for (const auto& x : xs) {
        auto classes = classes_in(data, x);
        CHECK(std::cmp_equal(classes.size(), 10 / nodes));
        seen.merge(classes);
        CHECK(classes.empty()); // nobody else had any of them
      }
      CHECK(seen.size() == 10);
      CHECK(deal(name, data, nodes) == xs);
    }
  CHECK(classes_in(data, deal("labels", data, 5)[0])
        != classes_in(data, deal("labels", data, 5, {}, 2)[0]));
}

TEST_CASE("labels cuts to the smallest shard", "[partition_skew]") {
  auto data = labelled(1'003, 10);
  auto whole = deal("labels_unscaled", data, 5);
  CHECK(disjoint_and_complete(whole, data));
  auto cut = deal("labels", data, 5);
  auto counts = sizes(whole);
  auto smallest = *std::min_element(counts.begin(), counts.end());
  CHECK(sizes(cut) == std::vector<int64_t>(5, smallest));
  auto all = joined(cut);
  CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("labels needs classes that divide", "[partition_skew]") {
  auto data = labelled(100, 10);
  CHECK(complaint("labels", data, 3)
        == "partition 'labels' cannot deal 10 classes evenly to 3 nodes");
  CHECK(contains(complaint("labels_unscaled", data, 20), "to 20 nodes"));
  CHECK(contains(complaint("labels", data, 0), "not 0"));
  // Five samples of classes 0 to 4 out of 10: some nodes get nothing.
  CHECK(contains(complaint("labels", labelled(5, 10), 5), "without a sample"));
}

TEST_CASE("class windows overlap as published", "[partition_skew]") {
  // Three nodes, windows of 8 of 10 classes, 4 apart: places 0-7, 4-11, 8-15.
  auto data = labelled(10'000, 10);
  auto xs = deal("class_windows", data, 3);
  CHECK(disjoint_and_complete(xs, data));
  std::vector<std::set<int64_t>> held;
  for (const auto& x : xs)
    held.push_back(classes_in(data, x));
  for (const auto& classes : held)
    CHECK(classes.size() == 8);
  auto common = [&](size_t i, size_t j) {
    int result = 0;
    for (auto c : held[i])
      result += held[j].contains(c);
    return result;
  };
  CHECK(common(0, 1) == 6); // places 4-7 and 0, 1
  CHECK(common(1, 2) == 6); // places 8, 9, 0, 1 and 4, 5
  CHECK(common(0, 2) == 6); // places 0-5
  CHECK(deal("class_windows", data, 3) == xs);
  CHECK(deal("class_windows", data, 3, {}, 2) != xs);
}

TEST_CASE("a shared class is divided with weights", "[partition_skew]") {
  auto data = labelled(10'000, 10);
  double least = 1, most = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    auto xs = deal("class_windows", data, 2,
                   {{"classes_per_node", int64_t{10}}, {"lambda", 0.2}}, seed);
    for (auto count : caps::class_histogram(data, xs[0])) {
      least = std::min(least, static_cast<double>(count) / 1'000);
      most = std::max(most, static_cast<double>(count) / 1'000);
    }
  }
  // Weights lie in (0.8, 1]: a share in [0.8 / 1.8, 1 / 1.8].
  CHECK(least >= 0.4444 - 0.001);
  CHECK(least < 0.46);
  CHECK(most <= 0.5556 + 0.001);
  CHECK(most > 0.54);
  auto even = deal("class_windows", data, 4,
                   {{"classes_per_node", int64_t{10}}, {"lambda", 0.0}});
  for (const auto& x : even)
    CHECK(caps::class_histogram(data, x) == std::vector<int64_t>(10, 250));
}

TEST_CASE("class windows must fit", "[partition_skew]") {
  auto data = labelled(1'000, 10);
  CHECK(complaint("class_windows", data, 3, {{"classes_per_node", int64_t{11}}})
        == "partition 'class_windows' cannot give a node 11 of 10 classes");
  CHECK(contains(complaint("class_windows", labelled(20, 10), 20),
                 "without a sample"));
  // One class a node, so the classes of two places stay with nobody.
  auto xs = deal("class_windows", data, 8,
                 {{"classes_per_node", int64_t{1}}, {"shift", int64_t{1}}});
  CHECK(sizes(xs) == std::vector<int64_t>(8, 100));
  constexpr auto huge = std::numeric_limits<int64_t>::max();
  CHECK(deal("class_windows", data, 8, {{"shift", huge}}).size() == 8);
}

TEST_CASE("Dirichlet skew grows as alpha falls", "[partition_skew]") {
  auto data = labelled(20'000, 10);
  auto mean_skew = [&](double alpha) {
    double sum = 0;
    for (uint64_t seed = 0; seed < 5; ++seed)
      sum += skew(data, deal("dirichlet", data, 8, {{"alpha", alpha}}, seed));
    return sum / 5;
  };
  auto even = mean_skew(1'000);
  auto mild = mean_skew(10);
  auto strong = mean_skew(0.5);
  auto extreme = mean_skew(0.05);
  CHECK(even < 0.02);
  CHECK(even < mild);
  CHECK(mild < strong);
  CHECK(strong < extreme);
  CHECK(extreme > 0.6);
  auto xs = deal("dirichlet", data, 8);
  CHECK(disjoint_and_complete(xs, data));
  CHECK(deal("dirichlet", data, 8) == xs);
  CHECK(deal("dirichlet", data, 8, {}, 2) != xs);
}

TEST_CASE("quantity skew changes sizes, not classes", "[partition_skew]") {
  auto data = labelled(20'000, 10);
  auto even = deal("quantity_skew", data, 8, {{"alpha", 1'000.0}});
  auto uneven = deal("quantity_skew", data, 8, {{"alpha", 0.5}});
  CHECK(disjoint_and_complete(even, data));
  CHECK(disjoint_and_complete(uneven, data));
  CHECK(size_deviation(even) < 0.1);
  CHECK(size_deviation(uneven) > 0.5);
  CHECK(skew(data, even) < 0.05);
  caps::row_dataset rows{at::zeros({50, 2}), at::zeros({50})};
  CHECK(disjoint_and_complete(deal("quantity_skew", rows, 3), rows));
}

TEST_CASE("skewed shards hold the asked minimum", "[partition_skew]") {
  auto data = labelled(1'000, 10);
  for (auto name : {"dirichlet", "quantity_skew"}) {
    for (uint64_t seed = 0; seed < 20; ++seed)
      for (auto size :
           sizes(deal(name, data, 8,
                      {{"alpha", 1.0}, {"min_samples", int64_t{20}}}, seed)))
        CHECK(size >= 20);
    CHECK(contains(complaint(name, data, 8, {{"min_samples", int64_t{126}}}),
                   "each of 8 nodes 126 of 1000 samples"));
    // So small an alpha that whole classes, or all data, go to one node.
    CHECK(contains(complaint(name, data, 40, {{"alpha", 1e-9}}),
                   "with alpha 1e-09 leaves one of 40 nodes with less than 1"));
    for (auto bad : {0.0, -1.0, std::nan("")})
      CHECK_THROWS_AS(deal(name, data, 2, {{"alpha", bad}}), input_error);
    CHECK(contains(complaint(name, data, 0), "not 0"));
    CHECK(contains(complaint(name, data, 1'001), "1001 shards of 1000"));
  }
  caps::row_dataset rows{at::zeros({50, 2}), at::zeros({50})};
  for (auto name : {"labels", "labels_unscaled", "class_windows", "dirichlet"})
    CHECK(contains(complaint(name, rows, 2), "needs data with classes"));
}
