#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace caps {

/// A flat tensor that may be lent out (to a message, a gradient job, an
/// evaluation) and is never written while lent: whoever wants to write gets
/// the tensor itself if nobody else holds it, and another buffer otherwise.
/// Buffers that come back are used again.
///
/// Not thread-safe; the borrowers may live in other threads.
class flat_buffer {
public:
  /// A zero tensor of `numel` elements.
  flat_buffer(int64_t numel, at::TensorOptions options);

  /// The current version. Copies of the handle keep this version alive and
  /// unchanged.
  const at::Tensor& read() const noexcept { return current_; }

  /// A tensor to write the next version into, passed to `commit` afterwards.
  /// It is the current version itself if nobody else holds that, so a rule
  /// `next = f(current)` must be safe element by element in place; otherwise
  /// its contents are undefined.
  at::Tensor target();

  /// Makes `next` (from `target`) the current version.
  void commit(at::Tensor next);

  /// Makes a vector that others own, and may hold for long, the current
  /// version. It is never written to and not kept for reuse.
  void adopt(at::Tensor borrowed);

  /// The current version for writing in place: copied first if it is lent.
  at::Tensor writable();

  /// Grows whenever there may be a new version.
  uint64_t version() const noexcept { return version_; }

  /// Number of buffers alive for this vector, for memory accounting.
  size_t buffers() const noexcept { return spare_.size() + 1; }

private:
  at::Tensor current_;
  bool borrowed_ = false;
  uint64_t version_ = 0;
  std::vector<at::Tensor> spare_;
};

} // namespace caps
