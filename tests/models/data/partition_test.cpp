#include "tests/support/catch.hpp"

#include "models/data/partition.hpp"
#include "models/data/picture_dataset.hpp"
#include "models/data/row_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"
#include "tests/support/set_options.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <numeric>
#include <set>

using caps::input_error;
using caps::random_stream;
using caps::shards;
using namespace caps::test;

namespace {

/// Labels are all that matters: pictures of one pixel.
caps::picture_dataset labelled(int64_t size, int64_t classes) {
  caps::picture_set x{1, 1, 1, classes, bytes(static_cast<size_t>(size)), {}};
  for (int64_t i = 0; i < size; ++i)
    x.labels.push_back(i * 7 % classes);
  return {x, caps::measure(x)};
}

std::vector<int64_t> all_of(const caps::dataset& data) {
  std::vector<int64_t> result(static_cast<size_t>(data.size()));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

shards deal(const std::string& name, const caps::dataset& data, int64_t nodes,
            const option_values& options = {}, uint64_t seed = 1) {
  random_stream stream{seed, -1, "partition"};
  auto samples = all_of(data);
  return configured(caps::built_in_partitions(), name, options)
    ->make({data, samples, nodes}, stream);
}

std::vector<int64_t> sizes(const shards& xs) {
  std::vector<int64_t> result;
  for (const auto& x : xs)
    result.push_back(static_cast<int64_t>(x.size()));
  return result;
}

std::vector<int64_t> joined(const shards& xs) {
  std::vector<int64_t> result;
  for (const auto& x : xs)
    result.insert(result.end(), x.begin(), x.end());
  std::sort(result.begin(), result.end());
  return result;
}

/// Whether every sample is in exactly one shard.
bool disjoint_and_complete(const shards& xs, const caps::dataset& data) {
  return joined(xs) == all_of(data);
}

std::set<int64_t> classes_in(const caps::dataset& data,
                             const std::vector<int64_t>& shard) {
  std::set<int64_t> result;
  for (auto i : shard)
    result.insert(data.labels()[static_cast<size_t>(i)]);
  return result;
}

} // namespace

TEST_CASE("iid shards are even, random and complete", "[partition]") {
  auto data = labelled(1'000, 10);
  auto xs = deal("iid", data, 3);
  CHECK(sizes(xs) == std::vector<int64_t>{334, 333, 333});
  CHECK(disjoint_and_complete(xs, data));
  CHECK(deal("iid", data, 3) == xs);
  CHECK(deal("iid", data, 3, {}, 2) != xs);
  for (const auto& x : xs)
    CHECK(classes_in(data, x).size() == 10);
  CHECK(deal("iid", labelled(3, 2), 3).size() == 3);
}

TEST_CASE("contiguous shards keep the order", "[partition]") {
  caps::row_dataset data{at::zeros({7, 2}), at::zeros({7})};
  CHECK(deal("contiguous", data, 3) == shards{{0, 1, 2}, {3, 4}, {5, 6}});
}

TEST_CASE("label shards hold few classes", "[partition]") {
  auto data = labelled(1'000, 10);
  auto xs = deal("shards", data, 10); // runs of 50, classes of 100
  CHECK(sizes(xs) == std::vector<int64_t>(10, 100));
  CHECK(disjoint_and_complete(xs, data));
  for (const auto& x : xs)
    CHECK(classes_in(data, x).size() <= 2);
  CHECK(deal("shards", data, 10) == xs);
  CHECK(deal("shards", data, 10, {}, 2) != xs);
  auto one = deal("shards", data, 10, {{"shards_per_node", int64_t{1}}});
  std::set<int64_t> seen;
  for (const auto& x : one) {
    CHECK(classes_in(data, x).size() == 1);
    seen.merge(classes_in(data, x));
  }
  CHECK(seen.size() == 10);
}

TEST_CASE("a partition deals only what it is given", "[partition]") {
  auto data = labelled(100, 10);
  const std::vector<int64_t> samples{3, 50, 51, 70, 71, 99};
  for (auto name : {"iid", "contiguous", "shards"}) {
    random_stream stream{1};
    auto xs = configured(caps::built_in_partitions(), name)
                ->make({data, samples, 2}, stream);
    CHECK(joined(xs) == samples);
  }
}

TEST_CASE("more shards than samples are refused", "[partition]") {
  auto data = labelled(5, 5);
  auto complaint = [&](const std::string& name, int64_t nodes,
                       const option_values& options = {}) {
    return message_of<input_error>([&] { deal(name, data, nodes, options); });
  };
  CHECK(complaint("iid", 6)
        == "partition 'iid' cannot make 6 shards of 5 samples");
  CHECK(contains(complaint("contiguous", 6), "6 shards of 5"));
  CHECK(contains(complaint("iid", 0), "at least one node, not 0"));
  CHECK(contains(complaint("shards", 0), "at least one node, not 0"));
  CHECK(contains(complaint("shards", 3), "3 nodes x 2 shards of 5 samples"));
  CHECK(contains(
    complaint("shards", 3,
              {{"shards_per_node", std::numeric_limits<int64_t>::max()}}),
    "of 5 samples"));
  caps::row_dataset rows{at::zeros({7, 2}), at::zeros({7})};
  CHECK_THROWS_AS(deal("shards", rows, 2), input_error);
}

TEST_CASE("held-out samples are drawn once", "[partition]") {
  random_stream stream{4}, same{4}, other{5};
  auto x = caps::hold_out(100, 20, stream);
  CHECK(x.validation.size() == 20);
  CHECK(x.train.size() == 80);
  CHECK(std::is_sorted(x.train.begin(), x.train.end()));
  CHECK(std::is_sorted(x.validation.begin(), x.validation.end()));
  auto all = x.train;
  all.insert(all.end(), x.validation.begin(), x.validation.end());
  std::sort(all.begin(), all.end());
  CHECK(std::unique(all.begin(), all.end()) == all.end());
  CHECK(all.back() == 99);
  CHECK(caps::hold_out(100, 20, same).validation == x.validation);
  CHECK(caps::hold_out(100, 20, other).validation != x.validation);
  CHECK(caps::hold_out(3, 0, stream).train == std::vector<int64_t>{0, 1, 2});
  CHECK_THROWS_AS(caps::hold_out(10, 10, stream), input_error);
  CHECK_THROWS_AS(caps::hold_out(10, -1, stream), input_error);
}

TEST_CASE("a histogram counts the classes of a shard", "[partition]") {
  auto data = labelled(10, 4); // labels 0 3 2 1 0 3 2 1 0 3
  CHECK(caps::class_histogram(data, std::vector<int64_t>{0, 1, 4, 8})
        == std::vector<int64_t>{3, 0, 0, 1});
  caps::row_dataset rows{at::zeros({7, 2}), at::zeros({7})};
  CHECK(caps::class_histogram(rows, std::vector<int64_t>{0}).empty());
}
