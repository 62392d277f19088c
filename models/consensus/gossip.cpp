#include "models/consensus/gossip.hpp"

#include "models/fused_pass.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace caps {

void gossip(const at::Tensor& weights, std::span<const at::Tensor> received,
            std::span<const at::Tensor> sent, const at::Tensor& next) {
  if (received.size() != sent.size())
    throw error(fmt::format("gossip got {} vectors from neighbours, but {} to "
                            "send",
                            received.size(), sent.size()));
  flat_view own{weights};
  flat_view result{next};
  std::vector<flat_view> others(received.begin(), received.end());
  std::vector<std::optional<flat_view>> copies(sent.size());
  for (size_t j = 0; j < sent.size(); ++j)
    if (sent[j].defined())
      copies[j] = flat_view{sent[j]};
  for_each_block(result, [&](element_range block) {
    const auto* current = &own;
    for (size_t j = 0; j < others.size(); ++j) {
      const auto* target = copies[j] ? &*copies[j] : &result;
      fused_pass(
        block, into(*target), from(*current, others[j]),
        [half = coefficient{0.5}](auto w, auto r) { return half * (w + r); });
      current = target;
    }
    if (current != &result)
      fused_pass(block, into(result), from(*current), [](auto w) { return w; });
  });
}

} // namespace caps
