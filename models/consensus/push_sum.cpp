#include "models/consensus/push_sum.hpp"

#include "models/consensus/linear_sum.hpp"

#include <fmt/format.h>

#include <vector>

namespace caps {

namespace {

double checked(double y) {
  // A subnormal y has lost the digits that x is divided by.
  if (!(y > 0) || !std::isnormal(y))
    throw error(fmt::format("push-sum got the weight {}, which is not positive "
                            "and finite",
                            y));
  return y;
}

} // namespace

double push_sum_fraction(size_t out_neighbours) {
  return 1 / static_cast<double>(out_neighbours + 1);
}

push_sum_mass push_sum_share(const push_sum_mass& own, size_t out_neighbours,
                             const at::Tensor& part) {
  auto p = push_sum_fraction(out_neighbours);
  fused_pass(into(part), from(own.x),
             [c = coefficient{p}](auto x) { return c * x; });
  return {part, p * checked(own.y)};
}

push_sum_mass push_sum_share_ratio(const at::Tensor& z, double y,
                                   size_t out_neighbours,
                                   const at::Tensor& part) {
  auto p = push_sum_fraction(out_neighbours);
  fused_pass(into(part), from(z),
             [c = coefficient{p * checked(y)}](auto x) { return c * x; });
  return {part, p * y};
}

push_sum_mass push_sum_gather(const push_sum_mass& kept,
                              std::span<const push_sum_mass> received,
                              const at::Tensor& x, const at::Tensor& z) {
  auto y = checked(kept.y);
  std::vector<linear_term> terms{{1, kept.x}};
  for (const auto& part : received) {
    y += checked(part.y);
    terms.push_back({1, part.x});
  }
  flat_view sum{x};
  flat_view ratio{z};
  for_each_block(sum, [&, c = coefficient{1 / checked(y)}](auto block) {
    linear_sum(block, sum, terms);
    fused_pass(block, into(ratio), from(sum), [=](auto s) { return c * s; });
  });
  return {x, y};
}

} // namespace caps
