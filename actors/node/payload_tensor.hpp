#pragma once

#include "messages/tensor_payload.hpp"

#include <ATen/core/Tensor.h>

namespace caps {

/// Wraps a contiguous tensor as a payload without copying. The payload keeps
/// the tensor's memory alive; nobody may write to it from here on (see
/// `flat_buffer`). Throws `std::invalid_argument` for other element types than
/// those of `element_type`.
tensor_payload to_payload(const at::Tensor& x);

/// Wraps a payload as a tensor without copying if it lies in memory a tensor
/// can refer to. Read-only by contract.
at::Tensor to_tensor(const tensor_payload& x);

/// The payload type of tensors of type `x`.
element_type to_element_type(at::ScalarType x);

} // namespace caps
