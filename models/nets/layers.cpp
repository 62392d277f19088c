#include "models/nets/layers.hpp"

#include "models/errors.hpp"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mul.h>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

constexpr double norm_epsilon = 1e-5;

/// Share of the new batch in BatchNorm's running statistics.
constexpr double norm_momentum = 0.1;

/// cuDNN's kernels for normalization are not deterministic in every version.
constexpr bool with_cudnn = false;

} // namespace

std::string to_text(const picture& x) {
  return fmt::format("{} x {} x {}", x.channels, x.height, x.width);
}

int64_t window::positions(int64_t extent) const noexcept {
  auto padded = extent + 2 * padding;
  return padded < size ? 0 : (padded - size) / stride + 1;
}

linear::linear(parameter_layout& layout, const std::string& name,
               int64_t inputs, int64_t outputs)
  : weight_(
    layout.add(name + ".weight", {outputs, inputs}, parameter_kind::weight)),
    bias_(layout.add(name + ".bias", {outputs}, parameter_kind::bias)),
    multiply_adds_(inputs * outputs) {}

at::Tensor linear::operator()(const forward_pass& pass,
                              const at::Tensor& x) const {
  return at::linear(x, pass.parameters[weight_], pass.parameters[bias_]);
}

conv2d::conv2d(parameter_layout& layout, const std::string& name,
               const picture& in, const options& how)
  : kernel_(how.kernel), out_{how.filters, kernel_.positions(in.height),
                              kernel_.positions(in.width)},
    weight_(layout.add(name + ".weight",
                       {how.filters, in.channels, kernel_.size, kernel_.size},
                       parameter_kind::weight)),
    bias_(how.bias
            ? layout.add(name + ".bias", {how.filters}, parameter_kind::bias)
            : 0),
    has_bias_(how.bias),
    multiply_adds_(out_.numel() * in.channels * kernel_.size * kernel_.size) {}

at::Tensor conv2d::operator()(const forward_pass& pass,
                              const at::Tensor& x) const {
  return at::conv2d(x, pass.parameters[weight_],
                    has_bias_ ? pass.parameters[bias_] : at::Tensor{},
                    {kernel_.stride, kernel_.stride},
                    {kernel_.padding, kernel_.padding});
}

batch_norm::batch_norm(parameter_layout& layout, const std::string& name,
                       int64_t channels)
  : weight_(
    layout.add(name + ".weight", {channels}, parameter_kind::norm_weight)),
    bias_(layout.add(name + ".bias", {channels}, parameter_kind::norm_bias)),
    running_mean_(layout.add_buffer(name + ".running_mean", {channels}, 0)),
    running_var_(layout.add_buffer(name + ".running_var", {channels}, 1)) {}

at::Tensor batch_norm::operator()(const forward_pass& pass,
                                  const at::Tensor& x) const {
  if (pass.training && x.numel() == x.size(1))
    throw input_error(fmt::format(
      "batch normalization cannot train on one value per channel: the batch "
      "is {}; expected more than one sample or larger pictures",
      shape_text(x.sizes().vec())));
  return at::batch_norm(x, pass.parameters[weight_], pass.parameters[bias_],
                        pass.buffers[running_mean_], pass.buffers[running_var_],
                        pass.training, norm_momentum, norm_epsilon, with_cudnn);
}

group_norm::group_norm(parameter_layout& layout, const std::string& name,
                       int64_t channels, int64_t groups)
  : weight_(
    layout.add(name + ".weight", {channels}, parameter_kind::norm_weight)),
    bias_(layout.add(name + ".bias", {channels}, parameter_kind::norm_bias)),
    groups_(groups) {}

at::Tensor group_norm::operator()(const forward_pass& pass,
                                  const at::Tensor& x) const {
  return at::group_norm(x, groups_, pass.parameters[weight_],
                        pass.parameters[bias_], norm_epsilon, with_cudnn);
}

at::Tensor dropout::operator()(const forward_pass& pass,
                               const at::Tensor& x) const {
  if (!pass.training || rate_ == 0)
    return x;
  // LibTorch would fall back on its global generator.
  if (!pass.generator.defined())
    throw error(fmt::format(
      "dropout with rate {} needs a random generator and got none", rate_));
  auto keep = 1 - rate_;
  auto shape = x.sizes().vec();
  if (unit_ == unit::channel)
    std::fill(shape.begin() + 2, shape.end(), 1);
  // Drawn where the generator is, so that no device changes what is dropped.
  auto mask = at::empty(shape, x.options().device(pass.generator.device()));
  mask.bernoulli_(keep, pass.generator).div_(keep);
  return at::mul(x, mask.to(x.device()));
}

} // namespace caps
