#include "tests/support/catch.hpp"

#include "models/data/row_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/partition_support.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <set>

using caps::input_error;
using caps::random_stream;
using caps::shards;
using namespace caps::test;

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

TEST_CASE("shared data is everybody's", "[partition]") {
  auto data = labelled(7, 3);
  CHECK(deal("shared", data, 12) == shards(12, all_of(data)));
  CHECK_THROWS_AS(deal("shared", data, 0), input_error);
  CHECK_THROWS_AS(deal("shared", labelled(0, 3), 2), input_error);
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
