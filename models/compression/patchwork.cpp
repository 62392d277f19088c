#include "models/compression/patchwork.hpp"

#include "models/compression/reducer.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/clone.h>

#include <algorithm>
#include <string>

namespace caps {

namespace {

/// Messages that one may be overtaken by.
constexpr size_t remembered = 8;

} // namespace

patchwork::patchwork(const at::Tensor& start) : whole_(at::clone(start)) {}

void patchwork::apply(int64_t step, const compressed_vector& x) {
  bring_up_to_date(x, whole_);
  if (x.kind != compression_kind::parts)
    return; // differences add up in any order
  for (const auto& [newer, parts] : recent_)
    if (newer > step)
      bring_up_to_date(parts, whole_);
  recent_.emplace_back(step, x);
  std::ranges::stable_sort(recent_, {}, [](const auto& y) { return y.first; });
  if (recent_.size() > remembered)
    recent_.pop_front();
}

void patchwork::visit_state(state_visitor& visitor) {
  visit_value(visitor, "whole", whole_);
  visit_list(visitor, "recent", recent_, {},
             [&](const std::string& index, auto& x) {
               visit_value(visitor, index + " step", x.first);
               visit_value(visitor, index, x.second);
             });
}

} // namespace caps
