#include "models/consensus/linear_sum.hpp"

#include <algorithm>
#include <array>

namespace caps {

namespace {

/// Terms summed in registers; further ones are added to the target, which is
/// still in the nearest cache when the range is a block.
constexpr size_t terms_at_once = 4;

void sum_at_once(element_range range, const flat_view& target,
                 std::span<const linear_term> terms) {
  auto out = into(target);
  auto c = [&](size_t k) { return coefficient{terms[k].factor}; };
  auto x = [&](size_t k) { return terms[k].vector; };
  switch (terms.size()) {
    case 1:
      return fused_pass(range, out, from(x(0)),
                        [a = c(0)](auto p) { return a * p; });
    case 2:
      return fused_pass(
        range, out, from(x(0), x(1)),
        [a = c(0), b = c(1)](auto p, auto q) { return a * p + b * q; });
    case 3:
      return fused_pass(range, out, from(x(0), x(1), x(2)),
                        [a = c(0), b = c(1), d = c(2)](auto p, auto q, auto r) {
                          return a * p + b * q + d * r;
                        });
    default:
      return fused_pass(range, out, from(x(0), x(1), x(2), x(3)),
                        [a = c(0), b = c(1), d = c(2),
                         e = c(3)](auto p, auto q, auto r, auto s) {
                          return a * p + b * q + d * r + e * s;
                        });
  }
}

} // namespace

void linear_sum(element_range range, const flat_view& target,
                std::span<const linear_term> terms) {
  if (terms.empty())
    throw error("a sum of vectors needs at least one");
  auto first = std::min(terms.size(), terms_at_once);
  sum_at_once(range, target, terms.first(first));
  terms = terms.subspan(first);
  while (!terms.empty()) {
    std::array<linear_term, terms_at_once> group{linear_term{1, target},
                                                 terms[0], terms[0], terms[0]};
    auto count = std::min(terms.size(), terms_at_once - 1);
    std::copy_n(terms.begin(), count, group.begin() + 1);
    sum_at_once(range, target, std::span{group}.first(count + 1));
    terms = terms.subspan(count);
  }
}

} // namespace caps
