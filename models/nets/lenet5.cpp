#include "models/nets/lenet5.hpp"

#include "models/nets/net_builder.hpp"

#include <algorithm>

namespace caps {

std::shared_ptr<const net> make_lenet5(const data_shape& data) {
  constexpr int64_t field = 32;
  net_builder b{"lenet5", data};
  b.expect_pictures(12);
  auto padding = std::min(data.sample[1], data.sample[2]) < field ? 2 : 0;
  b.conv("conv1", {.filters = 6, .kernel = {.size = 5, .padding = padding}});
  b.relu().max_pool({.size = 2, .stride = 2});
  b.conv("conv2", {.filters = 16, .kernel = {.size = 5}});
  b.relu().max_pool({.size = 2, .stride = 2});
  b.flatten();
  b.linear("fc1", 120).relu();
  b.linear("fc2", 84).relu();
  b.linear("fc3", data.classes);
  return b.finish();
}

} // namespace caps
