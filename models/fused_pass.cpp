#include "models/fused_pass.hpp"

#include <fmt/format.h>

namespace caps {

flat_view::flat_view(const at::Tensor& x)
  : tensor_(&x), numel_(0), dtype_(at::ScalarType::Undefined),
    device_(at::kCPU), elements_(nullptr) {
  if (!x.defined())
    throw error("an update got an undefined tensor");
  if (x.dim() != 1 || !x.is_contiguous())
    throw error(fmt::format("an update needs a flat contiguous tensor, not one "
                            "of {} dimensions and {} elements",
                            x.dim(), x.numel()));
  numel_ = x.numel();
  dtype_ = x.scalar_type();
  device_ = x.device();
  if (x.device().is_cpu())
    elements_ = x.data_ptr();
}

namespace fused {

void check(element_range range, const flat_view& first, const flat_view* begin,
           const flat_view* end) {
  if (range.offset < 0 || range.numel < 0
      || range.offset + range.numel > first.numel())
    throw error(fmt::format("an update of elements {} to {} got vectors of {}",
                            range.offset, range.offset + range.numel,
                            first.numel()));
  auto text = [](const flat_view& x) {
    return fmt::format("{} elements of {} on {}", x.numel(),
                       c10::toString(x.tensor().scalar_type()),
                       x.tensor().device().str());
  };
  for (auto x = begin; x != end; ++x)
    if (!first.alike(*x))
      throw error("an update mixes vectors of " + text(first) + " and "
                  + text(*x));
}

} // namespace fused

} // namespace caps
