#include "models/nets/alexnet.hpp"

#include "models/nets/net_builder.hpp"

namespace caps {

namespace {

constexpr int64_t hidden_units = 4096;

} // namespace

void alexnet_options::describe(option_visitor& visitor) {
  visitor.real("dropout", dropout, between_open(0, 1),
               "share dropped before each hidden layer in training");
}

std::shared_ptr<const net> make_alexnet(const data_shape& data,
                                        const alexnet_options& options) {
  net_builder b{"alexnet", data};
  b.expect_pictures(15);
  // Numbered as in a PyTorch module list, where ReLU and pooling count too.
  auto conv = [&](const char* name, int64_t filters, int64_t stride = 1) {
    b.conv(name, {.filters = filters,
                  .kernel = {.size = 3, .stride = stride, .padding = 1}});
    b.relu();
  };
  conv("features.0", 64, 2);
  b.max_pool(halves);
  conv("features.3", 192);
  b.max_pool(halves);
  conv("features.6", 384);
  conv("features.8", 256);
  conv("features.10", 256);
  b.max_pool(halves).flatten();
  b.dropout(options.dropout).linear("classifier.1", hidden_units).relu();
  b.dropout(options.dropout).linear("classifier.4", hidden_units).relu();
  b.linear("classifier.6", data.classes);
  return b.finish();
}

} // namespace caps
