#pragma once

#include "models/data/partition.hpp"
#include "models/data/picture_dataset.hpp"
#include "tests/models/data/support.hpp"
#include "tests/support/set_options.hpp"

#include <algorithm>
#include <numeric>
#include <set>

namespace caps::test {

/// Labels are all that matters: pictures of one pixel.
inline picture_dataset labelled(int64_t size, int64_t classes) {
  picture_set x{1, 1, 1, classes, bytes(static_cast<size_t>(size)), {}};
  for (int64_t i = 0; i < size; ++i)
    x.labels.push_back(i * 7 % classes);
  return {x, measure(x)};
}

inline std::vector<int64_t> all_of(const dataset& data) {
  std::vector<int64_t> result(static_cast<size_t>(data.size()));
  std::iota(result.begin(), result.end(), 0);
  return result;
}

inline shards deal(const std::string& name, const dataset& data, int64_t nodes,
                   const option_values& options = {}, uint64_t seed = 1) {
  random_stream stream{seed, -1, "partition"};
  auto samples = all_of(data);
  return configured(built_in_partitions(), name, options)
    ->make({data, samples, nodes}, stream);
}

inline std::vector<int64_t> sizes(const shards& xs) {
  std::vector<int64_t> result;
  for (const auto& x : xs)
    result.push_back(static_cast<int64_t>(x.size()));
  return result;
}

inline std::vector<int64_t> joined(const shards& xs) {
  std::vector<int64_t> result;
  for (const auto& x : xs)
    result.insert(result.end(), x.begin(), x.end());
  std::sort(result.begin(), result.end());
  return result;
}

/// Whether every sample is in exactly one shard.
inline bool disjoint_and_complete(const shards& xs, const dataset& data) {
  return joined(xs) == all_of(data);
}

inline std::set<int64_t> classes_in(const dataset& data,
                                    const std::vector<int64_t>& shard) {
  std::set<int64_t> result;
  for (auto i : shard)
    result.insert(data.labels()[static_cast<size_t>(i)]);
  return result;
}

} // namespace caps::test
