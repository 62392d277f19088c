#include "models/finite.hpp"

#include "models/fused_pass.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

int64_t count_not_finite(const flat_view& x, element_range range) {
  // Subtracted from itself a number gives 0, anything else NaN.
  return fused_count(range, from(x), [](auto a) {
    auto zero = a - a;
    return zero != zero;
  });
}

} // namespace

void check_finite(const parameter_layout& layout, const at::Tensor& flat,
                  std::string_view what) {
  flat_view x{flat};
  if (layout.numel() != x.numel())
    throw error(fmt::format("{} has {} elements for a net of {}", what,
                            x.numel(), layout.numel()));
  auto bad = count_not_finite(x, {0, x.numel()});
  if (bad == 0)
    return;
  for (const auto& entry : layout.entries()) {
    auto here = count_not_finite(x, {entry.offset, entry.numel});
    for (int64_t i = 0; here > 0 && i < entry.numel; ++i) {
      if (count_not_finite(x, {entry.offset + i, 1}) == 0)
        continue;
      throw diverged_error(fmt::format(
        "{} of '{}' is {} at element {} ({} of its {} elements and {} of all "
        "{} are not finite)",
        what, entry.name, flat[entry.offset + i].item<double>(), i, here,
        entry.numel, bad, x.numel()));
    }
  }
}

} // namespace caps
