#include "models/data/partition.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace caps {

held_out hold_out(int64_t size, int64_t validation, random_stream& stream) {
  if (validation < 0 || validation >= size)
    throw input_error(fmt::format(
      "cannot hold out {} of {} training samples for validation: at least one "
      "must be left to train on",
      validation, size));
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (validation > 0)
    stream.shuffle(std::span{order});
  auto middle = order.begin() + validation;
  std::sort(order.begin(), middle);
  std::sort(middle, order.end());
  return {{middle, order.end()}, {order.begin(), middle}};
}

std::vector<int64_t> class_histogram(const dataset& data,
                                     std::span<const int64_t> shard) {
  std::vector<int64_t> result(static_cast<size_t>(data.shape().classes));
  auto labels = data.labels();
  if (!labels.empty())
    for (auto i : shard)
      ++result[static_cast<size_t>(labels[static_cast<size_t>(i)])];
  return result;
}

} // namespace caps
