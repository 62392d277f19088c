#include "models/consensus/dual_edge.hpp"

#include "models/consensus/linear_sum.hpp"

#include <vector>

namespace caps {

namespace {

void update_averages(const dual_step& step, element_range block) {
  for (const auto& edge : step.edges)
    fused_pass(block, into(edge.average), from(edge.average, edge.received),
               [half = coefficient{0.5}](auto mean, auto z) {
                 return half * (mean + z);
               });
}

void prepare_duals(const dual_step& step, element_range block) {
  for (const auto& edge : step.edges)
    if (edge.prepared.defined())
      fused_pass(block, into(edge.prepared), from(edge.received, step.next),
                 [twice = coefficient{2 * edge.sign}](auto z, auto w) {
                   return z - twice * w;
                 });
}

} // namespace

void run(const dual_step& step, element_range range, const dual_factors& f) {
  std::vector<linear_term> terms{{f.weights, step.weights},
                                 {f.gradient, step.gradient}};
  for (const auto& edge : step.edges)
    terms.push_back(
      {f.dual * edge.sign, step.averaging ? edge.average : edge.received});
  if (f.parameters != 0)
    for (const auto& edge : step.edges)
      terms.push_back({f.parameters, edge.parameters});
  for_each_block(step.next, range, [&](element_range block) {
    if (step.averaging)
      update_averages(step, block);
    linear_sum(block, step.next, terms);
    prepare_duals(step, block);
  });
}

} // namespace caps
