#include "models/vector_parts.hpp"

#include <utility>

namespace caps {

void assemble(std::span<const vector_part> parts, flat_buffer& whole) {
  if (parts.size() == 1) {
    whole.adopt(parts.front().values);
    return;
  }
  auto next = whole.target();
  for (const auto& x : parts)
    next.narrow(0, x.range.offset, x.range.numel).copy_(x.values);
  whole.commit(std::move(next));
}

} // namespace caps
