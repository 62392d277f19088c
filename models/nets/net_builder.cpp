#include "models/nets/net_builder.hpp"

#include "models/errors.hpp"
#include "models/nets/max_pool.hpp"

#include <ATen/ops/add.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/relu.h>

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>
#include <utility>

namespace caps {

/// A net that passes its input through one layer after another.
class net_builder::chain final : public net {
public:
  chain(std::shared_ptr<const parameter_layout> layout, layers xs,
        int64_t multiply_adds)
    : net(std::move(layout)), layers_(std::move(xs)),
      multiply_adds_(multiply_adds) {}

  at::Tensor forward(const forward_pass& pass,
                     const at::Tensor& input) const override {
    return apply(layers_, pass, input);
  }

  int64_t multiply_adds() const override { return multiply_adds_; }

private:
  layers layers_;
  int64_t multiply_adds_;
};

net_builder::net_builder(std::string model, const data_shape& data)
  : model_(std::move(model)), layout_(std::make_shared<parameter_layout>()),
    shape_(data.sample), classes_(data.classes) {
  if (classes_ < 2)
    throw input_error(fmt::format(
      "model '{}' tells classes apart and needs at least 2 of them; the data "
      "has {}",
      model_, classes_));
  for (auto extent : shape_)
    if (extent < 1)
      throw input_error(fmt::format("model '{}' cannot take empty samples: "
                                    "the data has {}",
                                    model_, shape_text(shape_)));
}

net_builder& net_builder::expect_pictures(int64_t side_min) {
  if (shape_.size() != 3 || shape_[1] < side_min || shape_[2] < side_min)
    throw input_error(fmt::format(
      "model '{0}' takes pictures [channels, height, width] of at least "
      "{1} x {1} pixels; a sample of the data is {2}",
      model_, side_min, shape_text(shape_)));
  return *this;
}

net_builder& net_builder::conv(std::string_view name,
                               const conv2d::options& how) {
  std::string full{name};
  expect_fit(full, how.kernel);
  conv2d x{*layout_, full, in(), how};
  shape_ = {x.out().channels, x.out().height, x.out().width};
  multiply_adds_ += x.multiply_adds();
  return append(x, true);
}

net_builder& net_builder::batch_norm(std::string_view name) {
  return append(caps::batch_norm{*layout_, std::string{name}, channels()},
                true);
}

net_builder& net_builder::group_norm(std::string_view name,
                                     int64_t group_channels) {
  auto size = std::min(group_channels, channels());
  if (channels() % size != 0)
    throw input_error(fmt::format(
      "model '{}' cannot normalize {} in groups of {}: {} channels are no "
      "multiple of that",
      model_, name, group_channels, channels()));
  return append(caps::group_norm{*layout_, std::string{name}, channels(),
                                 channels() / size},
                true);
}

net_builder& net_builder::relu() {
  if (fresh_)
    append([](const forward_pass&, at::Tensor x) { return at::relu_(x); },
           false);
  else
    append([](const forward_pass&, const at::Tensor& x) { return at::relu(x); },
           false);
  after_relu_ = true;
  return *this;
}

net_builder& net_builder::max_pool(const window& how) {
  expect_fit("max pooling", how);
  shape_[1] = how.positions(shape_[1]);
  shape_[2] = how.positions(shape_[2]);
  // The largest of the ReLUs is the ReLU of the largest, and there are fewer
  // of the latter to compute.
  auto then_relu = after_relu_;
  if (then_relu)
    layers_.pop_back();
  append([how](const forward_pass&,
               const at::Tensor& x) { return caps::max_pool(x, how); },
         true);
  return then_relu ? relu() : *this;
}

net_builder& net_builder::global_average() {
  shape_ = {in().channels};
  return append(
    [](const forward_pass&, const at::Tensor& x) {
      return at::mean(x, {2, 3});
    },
    true);
}

net_builder& net_builder::flatten() {
  if (shape_.size() == 1)
    return *this;
  shape_ = {std::accumulate(shape_.begin(), shape_.end(), int64_t{1},
                            std::multiplies<>{})};
  return append(
    [](const forward_pass&, const at::Tensor& x) { return x.flatten(1); },
    false);
}

net_builder& net_builder::dropout(double rate) {
  return rate > 0 ? append(caps::dropout{rate}, false) : *this;
}

net_builder& net_builder::channel_dropout(double rate) {
  using unit = caps::dropout::unit;
  return rate > 0 ? append(caps::dropout{rate, unit::channel}, false) : *this;
}

net_builder& net_builder::linear(std::string_view name, int64_t outputs) {
  assert(shape_.size() == 1);
  caps::linear x{*layout_, std::string{name}, shape_.front(), outputs};
  shape_ = {outputs};
  multiply_adds_ += x.multiply_adds();
  return append(x, true);
}

net_builder& net_builder::sum(const branch& body, const branch& shortcut) {
  auto before = std::exchange(layers_, {});
  auto start = shape_;
  fresh_ = false; // the other branch reads it too
  after_relu_ = false;
  body(*this);
  auto left = std::exchange(layers_, {});
  auto end = std::exchange(shape_, start);
  fresh_ = false;
  after_relu_ = false;
  shortcut(*this);
  auto right = std::exchange(layers_, std::move(before));
  if (shape_ != end)
    throw input_error(
      fmt::format("model '{}' adds branches of shapes {} and {}", model_,
                  shape_text(end), shape_text(shape_)));
  return append(
    [left, right](const forward_pass& pass, const at::Tensor& x) {
      return at::add(apply(left, pass, x), apply(right, pass, x));
    },
    true);
}

std::shared_ptr<const net> net_builder::finish() {
  return std::make_shared<chain>(std::move(layout_), std::move(layers_),
                                 multiply_adds_);
}

at::Tensor net_builder::apply(const layers& xs, const forward_pass& pass,
                              at::Tensor x) {
  for (const auto& f : xs)
    x = f(pass, x);
  return x;
}

net_builder& net_builder::append(layer x, bool fresh) {
  layers_.push_back(std::move(x));
  fresh_ = fresh;
  after_relu_ = false;
  return *this;
}

picture net_builder::in() const {
  assert(shape_.size() == 3);
  return {shape_[0], shape_[1], shape_[2]};
}

void net_builder::expect_fit(const std::string& what, const window& how) const {
  auto x = in();
  if (how.positions(x.height) < 1 || how.positions(x.width) < 1)
    throw input_error(fmt::format(
      "model '{0}' does not fit the data: {1} has a window of {2} x {2} and "
      "its input is only {3}",
      model_, what, how.size, to_text(x)));
}

} // namespace caps
