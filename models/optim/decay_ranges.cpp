#include "models/optim/decay_ranges.hpp"

namespace caps {

std::vector<decay_range> decay_ranges(const parameter_layout& layout,
                                      bool weights_only) {
  std::vector<decay_range> result;
  for (const auto& entry : layout.entries()) {
    auto decays = !weights_only || entry.kind == parameter_kind::weight;
    if (result.empty() || result.back().decays != decays)
      result.push_back({{entry.offset, 0}, decays});
    result.back().range.numel += entry.numel;
  }
  return result;
}

} // namespace caps
