#pragma once

#include "models/options.hpp"

#include <ATen/core/Tensor.h>

#include <string>

namespace caps {

/// `x`, a vector of float or double in host memory, rounded to 16 bits (IEEE
/// 754 half precision, to the nearest), which leaves 11 bits of each number; or
/// `x` itself if a number in it is beyond their range (65504).
at::Tensor to_half(const at::Tensor& x);

/// How the values of a compressed vector travel: as they are, or rounded to 16
/// bits. Whoever rounds sends the rest later, as all that compression lost.
class value_format {
public:
  /// Option: values.
  void describe(option_visitor& visitor);

  bool rounds() const noexcept { return name_ == "half"; }

  /// `x`, in host memory, as it travels.
  at::Tensor encode(const at::Tensor& x) const;

private:
  std::string name_ = "full";
};

} // namespace caps
