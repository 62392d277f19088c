#include "models/consensus/choco.hpp"

#include "models/fused_pass.hpp"

#include <fmt/format.h>

#include <vector>

namespace caps {

void choco_difference(const at::Tensor& half, const at::Tensor& public_copy,
                      const at::Tensor& difference) {
  fused_pass(into(difference), from(half, public_copy),
             [](auto x, auto copy) { return x - copy; });
}

void choco_average(const at::Tensor& half, const at::Tensor& public_copy,
                   std::span<const at::Tensor> copies,
                   std::span<const double> weights, double step_size,
                   const at::Tensor& next) {
  if (!(step_size > 0 && step_size <= 1))
    throw input_error(fmt::format("choco: gamma is {}, but must be above 0 and "
                                  "at most 1",
                                  step_size));
  if (copies.size() != weights.size())
    throw error(fmt::format("choco got {} public copies but {} weights",
                            copies.size(), weights.size()));
  flat_view start{half};
  flat_view own{public_copy};
  flat_view result{next};
  std::vector<flat_view> others(copies.begin(), copies.end());
  for_each_block(result, [&](element_range block) {
    const auto* current = &start;
    for (size_t j = 0; j < others.size(); ++j) {
      fused_pass(block, into(result), from(*current, others[j], own),
                 [c = coefficient{step_size * weights[j]}](auto x, auto other,
                                                           auto copy) {
                   return x + c * (other - copy);
                 });
      current = &result;
    }
    if (current != &result)
      fused_pass(block, into(result), from(start), [](auto x) { return x; });
  });
}

} // namespace caps
