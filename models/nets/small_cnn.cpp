#include "models/nets/small_cnn.hpp"

#include "models/nets/net_builder.hpp"

namespace caps {

namespace {

// Of PyTorch's example, after the convolutions and after the hidden layer.
constexpr double features_drop_rate = 0.25;
constexpr double hidden_drop_rate = 0.5;


} // namespace

std::shared_ptr<const net> make_cnn1(const data_shape& data) {
  net_builder b{"cnn1", data};
  b.expect_pictures(6);
  b.conv("conv1", {.filters = 32, .kernel = {.size = 3}}).relu();
  b.conv("conv2", {.filters = 64, .kernel = {.size = 3}}).relu();
  b.max_pool(halves).dropout(features_drop_rate).flatten();
  b.linear("fc1", 128).relu().dropout(hidden_drop_rate);
  b.linear("fc2", data.classes);
  return b.finish();
}

std::shared_ptr<const net> make_cnn2(const data_shape& data) {
  net_builder b{"cnn2", data};
  b.expect_pictures(4);
  b.conv("conv1", {.filters = 32, .kernel = {.size = 3, .padding = 1}});
  b.relu().max_pool(halves);
  b.conv("conv2", {.filters = 64, .kernel = {.size = 3, .padding = 1}});
  b.relu().max_pool(halves);
  b.dropout(features_drop_rate).flatten();
  b.linear("fc1", 512).relu().dropout(hidden_drop_rate);
  b.linear("fc2", data.classes);
  return b.finish();
}

} // namespace caps
