#include "models/data/partition_schemes.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

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

} // namespace caps
