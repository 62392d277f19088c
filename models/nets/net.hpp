#pragma once

#include "models/options.hpp"
#include "models/parameter_layout.hpp"
#include "models/registry.hpp"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

namespace caps {

/// What a dataset offers and a net must fit.
struct data_shape {
  /// One sample without the batch dimension: [channels, height, width], or
  /// [features].
  std::vector<int64_t> sample;
  /// Number of classes; 0 for regression.
  int64_t classes = 0;
};

/// What one forward pass works on. The net itself is shared by all nodes and
/// threads of a process; everything that belongs to a node comes in here.
struct forward_pass {
  /// Views of the parameters in layout order.
  std::span<const at::Tensor> parameters;
  /// Views of the buffers in layout order; written to when `training`.
  std::span<const at::Tensor> buffers;
  /// Dropout is on and BatchNorm uses and updates batch statistics.
  bool training = false;
  /// The node's generator for dropout; must be set when `training` a net that
  /// drops out. On the CPU, whatever the device of the tensors.
  at::Generator generator;
};

/// A neural network without parameters of its own: a layout and a function
/// of (parameters, input). Immutable, so one object serves every node.
class net {
public:
  explicit net(std::shared_ptr<const parameter_layout> layout)
    : layout_(std::move(layout)) {
  }

  virtual ~net() = default;

  const parameter_layout& layout() const noexcept { return *layout_; }

  const std::shared_ptr<const parameter_layout>& layout_ptr() const noexcept {
    return layout_;
  }

  /// Maps a batch [n, sample...] to scores [n, classes] (regression: [n]).
  virtual at::Tensor forward(const forward_pass& pass,
                             const at::Tensor& input) const
    = 0;

  /// The training loss, a scalar: by default the mean cross entropy of the
  /// scores against class indices.
  virtual at::Tensor loss(const at::Tensor& output,
                          const at::Tensor& target) const;

  /// Whether `loss` adds up the losses of a batch's samples; otherwise it is
  /// their mean.
  virtual bool sums_loss() const { return false; }

  /// Multiply-adds of one sample's forward pass, as far as convolutions and
  /// matrix products go.
  virtual int64_t multiply_adds() const = 0;

private:
  std::shared_ptr<const parameter_layout> layout_;
};

using net_recipe
  = recipe<std::shared_ptr<const net>, const data_shape& /* of the data */>;

/// The built-in nets.
registry<net_recipe> built_in_nets();

/// How the parameters of a fresh net are drawn.
enum class initialization : uint8_t {
  /// As LibTorch does: weights and biases uniform in +-1/sqrt(fan_in).
  uniform_fan_in,
  /// He et al. 2015: weights normal with variance 2/fan_in, biases 0.
  he,
};

/// Draws fresh parameters into `weights` and sets `buffers` to their initial
/// values. The same generator state gives the same weights on every device.
void initialize(const parameter_layout& layout, initialization how,
                const at::Generator& generator, const at::Tensor& weights,
                const at::Tensor& buffers);

} // namespace caps
