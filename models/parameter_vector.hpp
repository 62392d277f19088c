#pragma once

#include "models/flat_buffer.hpp"
#include "models/parameter_layout.hpp"

#include <ATen/core/Tensor.h>

#include <memory>

namespace caps {

/// All parameters of a node's net in one contiguous tensor, all gradients in
/// a second one and the buffers (BatchNorm statistics) in a third. A message
/// is one tensor, an update a few whole-vector passes, a checkpoint one write.
///
/// Versions lent to messages or jobs are never written to; see `flat_buffer`.
class parameter_vector {
public:
  /// Zero parameters, gradients and buffers.
  parameter_vector(std::shared_ptr<const parameter_layout> layout,
                   at::TensorOptions options);

  const parameter_layout& layout() const noexcept { return *layout_; }

  const std::shared_ptr<const parameter_layout>& layout_ptr() const noexcept {
    return layout_;
  }

  /// The parameters, 1-D, `layout().numel()` elements.
  flat_buffer& weights() noexcept { return weights_; }
  const flat_buffer& weights() const noexcept { return weights_; }

  /// The gradient of the last batch, laid out as the weights.
  flat_buffer& gradient() noexcept { return gradient_; }
  const flat_buffer& gradient() const noexcept { return gradient_; }

  /// The buffers, 1-D, `layout().buffer_numel()` elements.
  flat_buffer& buffers() noexcept { return buffers_; }
  const flat_buffer& buffers() const noexcept { return buffers_; }

private:
  std::shared_ptr<const parameter_layout> layout_;
  flat_buffer weights_;
  flat_buffer gradient_;
  flat_buffer buffers_;
};

/// Views of the parameters of `flat` in layout order, without copying.
std::vector<at::Tensor> parameter_views(const parameter_layout& layout,
                                        const at::Tensor& flat);

/// Views of the buffers of `flat` in layout order, without copying.
std::vector<at::Tensor> buffer_views(const parameter_layout& layout,
                                     const at::Tensor& flat);

} // namespace caps
