#pragma once

#include "models/compression/compressed_vector.hpp"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

namespace caps {

class state_visitor;

/// A sender's parameters, put together from what it sends of them.
class patchwork {
public:
  /// @param start what the sender starts from; copied
  explicit patchwork(const at::Tensor& start);

  /// What is known of them; read-only. Stays in one place of memory, unless a
  /// state is restored.
  const at::Tensor& whole() const noexcept { return whole_; }

  /// Applies what was sent at `step`. Parts that were overtaken on their way,
  /// by eight messages at most, take no newer ones' place.
  void apply(int64_t step, const compressed_vector& x);

  void visit_state(state_visitor& visitor);

private:
  at::Tensor whole_;
  std::deque<std::pair<int64_t, compressed_vector>> recent_;
};

} // namespace caps
