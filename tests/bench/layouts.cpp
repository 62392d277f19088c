#include "tests/bench/layouts.hpp"

#include "models/nets/net.hpp"

namespace caps::bench {

std::shared_ptr<const parameter_layout> layout_of(const std::string& name) {
  auto digits = name == "lenet5";
  data_shape shape{.sample = digits ? std::vector<int64_t>{1, 28, 28}
                                    : std::vector<int64_t>{3, 32, 32},
                   .classes = 10};
  return built_in_nets().at(name).recipe()->make(shape)->layout_ptr();
}

} // namespace caps::bench
