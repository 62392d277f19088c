#pragma once

#include "models/parameter_layout.hpp"

#include <ATen/core/Tensor.h>

#include <string_view>

namespace caps {

/// Throws `diverged_error` if an element of `flat` is NaN or infinite; the
/// message names `what` ("gradient"), the parameter by `layout`, the element
/// within it and its value. One pass over memory if all is well.
void check_finite(const parameter_layout& layout, const at::Tensor& flat,
                  std::string_view what);

} // namespace caps
