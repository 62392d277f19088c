#pragma once

#include "models/gradient.hpp"
#include "models/nets/net.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <memory>
#include <string>
#include <vector>

namespace caps::test {

/// A generator of its own, never the global one.
inline at::Generator generator(uint64_t seed) {
  return at::make_generator<at::CPUGeneratorImpl>(seed);
}

/// The net of that name with its options at their defaults.
inline std::shared_ptr<const net> make_net(const std::string& name,
                                           const data_shape& data) {
  return built_in_nets().at(name).recipe()->make(data);
}

/// A net with fresh parameters, as a node would own it.
struct instance {
  std::shared_ptr<const net> model;
  at::Tensor weights;
  at::Tensor gradient;
  at::Tensor buffers;

  explicit instance(std::shared_ptr<const net> x, uint64_t seed = 1,
                    at::ScalarType dtype = at::kFloat,
                    initialization how = initialization::uniform_fan_in)
    : model(std::move(x)), weights(at::empty({model->layout().numel()}, dtype)),
      gradient(at::zeros({model->layout().numel()}, dtype)),
      buffers(at::empty({model->layout().buffer_numel()}, dtype)) {
    initialize(model->layout(), how, test::generator(seed), weights, buffers);
  }

  /// Scores of `input` without a derivative.
  at::Tensor forward(const at::Tensor& input, bool training = false,
                     const at::Generator& random = {}) const {
    at::NoGradGuard no_grad;
    auto parameters = parameter_views(model->layout(), weights);
    auto statistics = buffer_views(model->layout(), buffers);
    return model->forward({parameters, statistics, training, random}, input);
  }
};

/// Normal numbers of the shape of `n` samples.
inline at::Tensor random_input(const data_shape& data, int64_t n,
                               uint64_t seed = 2,
                               at::ScalarType dtype = at::kFloat) {
  auto shape = data.sample;
  shape.insert(shape.begin(), n);
  return at::empty(shape, dtype).normal_(0, 1, generator(seed));
}

/// `n` class indices, or normal numbers for regression.
inline at::Tensor random_target(const data_shape& data, int64_t n,
                                uint64_t seed = 3) {
  if (data.classes == 0)
    return at::empty({n}, at::kDouble).normal_(0, 1, generator(seed));
  return at::empty({n}, at::kLong).random_(0, data.classes, generator(seed));
}

} // namespace caps::test
