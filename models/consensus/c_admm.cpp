#include "models/consensus/c_admm.hpp"

#include "models/consensus/linear_sum.hpp"

#include <fmt/format.h>

#include <cmath>
#include <vector>

namespace caps {

void check(const c_admm_options& options) {
  auto require_positive = [](const char* name, double x) {
    if (!(x > 0) || !std::isfinite(x))
      throw input_error(
        fmt::format("c_admm: {} is {}, but must be positive", name, x));
  };
  require_positive("rho", options.rho);
  require_positive("mu", options.mu);
}

void c_admm(const c_admm_options& options, const at::Tensor& weights,
            const at::Tensor& gradient, std::span<const at::Tensor> received,
            const at::Tensor& multiplier, const at::Tensor& next) {
  check(options);
  flat_view own{weights};
  flat_view alpha{multiplier};
  flat_view target{next};
  auto edges = static_cast<double>(received.size());
  auto rho = options.rho;
  auto denominator = options.mu + 2 * rho * edges;
  std::vector<flat_view> others(received.begin(), received.end());
  std::vector<linear_term> terms{
    {(options.mu + rho * edges) / denominator, own},
    {-1 / denominator, gradient},
    {-1 / denominator, alpha}};
  for (const auto& r : others)
    terms.push_back({rho / denominator, r});
  for_each_block(target, [&](element_range block) {
    // Differences first: two neighbours add exactly opposite amounts, so the
    // multipliers go on summing to zero over the nodes.
    for (const auto& r : others)
      fused_pass(block, into(alpha), from(alpha, own, r),
                 [c = coefficient{rho}](auto sum, auto w, auto other) {
                   return sum + c * (w - other);
                 });
    linear_sum(block, target, terms);
  });
}

} // namespace caps
