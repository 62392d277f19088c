#pragma once

#include "models/checkpoint/safetensors.hpp"
#include "models/parameter_layout.hpp"

#include <ATen/core/Tensor.h>

#include <string>

namespace caps {

/// The parameters and buffers of a net under their own names, as
/// safetensors.torch.load_file and a PyTorch state dictionary have them. The
/// tensors are views of the flat vectors.
tensor_file export_weights(const parameter_layout& layout,
                           const at::Tensor& weights,
                           const at::Tensor& buffers);

/// Copies named tensors into the flat vectors, converting between
/// floating-point types. PyTorch's counters "num_batches_tracked" are ignored.
/// `origin` names the file in messages.
///
/// Throws `input_error` when a parameter or buffer is missing, has another
/// shape or is not floating-point, or when the file holds a tensor the net
/// does not have; nothing is copied then.
void import_weights(const parameter_layout& layout, const tensor_file& contents,
                    const std::string& origin, const at::Tensor& weights,
                    const at::Tensor& buffers);

} // namespace caps
