#include "models/data/partition_schemes.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace caps {

shards cut_evenly(std::span<const int64_t> samples, int64_t parts) {
  auto count = static_cast<size_t>(parts);
  shards result;
  size_t first = 0;
  for (size_t i = 0; i < count; ++i) {
    auto size = samples.size() / count + (i < samples.size() % count ? 1 : 0);
    auto part = samples.subspan(first, size);
    result.emplace_back(part.begin(), part.end());
    first += size;
  }
  return result;
}

shards cut_by_weights(std::span<const int64_t> samples,
                      const std::vector<double>& weights) {
  auto total = std::accumulate(weights.begin(), weights.end(), 0.0);
  auto size = static_cast<double>(samples.size());
  shards result;
  size_t first = 0;
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    auto cut = static_cast<size_t>(std::round(size * sum / total));
    auto last
      = i + 1 < weights.size() ? std::min(cut, samples.size()) : samples.size();
    auto part = samples.subspan(first, last - first);
    result.emplace_back(part.begin(), part.end());
    first = last;
  }
  return result;
}

std::vector<std::vector<int64_t>>
samples_of_classes(const partition_request& request) {
  auto labels = request.data.labels();
  std::vector<std::vector<int64_t>> result(
    static_cast<size_t>(request.data.shape().classes));
  for (auto i : request.samples)
    result[static_cast<size_t>(labels[static_cast<size_t>(i)])].push_back(i);
  return result;
}

void require_samples(const partition_request& request, int64_t parts,
                     std::string_view scheme) {
  if (request.nodes < 1)
    throw input_error(fmt::format("partition '{}' needs at least one node, not "
                                  "{}",
                                  scheme, request.nodes));
  if (std::cmp_less(request.samples.size(), parts))
    throw input_error(
      fmt::format("partition '{}' cannot make {} shards of {} samples", scheme,
                  parts, request.samples.size()));
}

void require_classes(const partition_request& request,
                     std::string_view scheme) {
  if (request.data.labels().empty())
    throw input_error(fmt::format("partition '{}' needs data with classes; "
                                  "these samples have none",
                                  scheme));
}

void require_filled(const shards& xs, std::string_view scheme) {
  for (size_t i = 0; i < xs.size(); ++i)
    if (xs[i].empty())
      throw input_error(fmt::format("partition '{}' leaves node {} of {} "
                                    "without a sample",
                                    scheme, i, xs.size()));
}

} // namespace caps
