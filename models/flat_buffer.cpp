#include "models/flat_buffer.hpp"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace caps {

namespace {

/// Buffers kept for reuse; more lent versions than this are given up to
/// their borrowers.
constexpr size_t spare_max = 6;

bool unshared(const at::Tensor& x) {
  return x.use_count() == 1 && x.storage().use_count() == 1;
}

} // namespace

flat_buffer::flat_buffer(int64_t numel, at::TensorOptions options)
  : current_(at::zeros({numel}, options)) {
}

at::Tensor flat_buffer::target() {
  if (!borrowed_ && unshared(current_))
    return current_;
  auto free = std::find_if(spare_.begin(), spare_.end(), unshared);
  if (free == spare_.end())
    return at::empty_like(current_);
  auto result = std::move(*free);
  spare_.erase(free);
  return result;
}

void flat_buffer::commit(at::Tensor next) {
  ++version_;
  if (next.is_same(current_))
    return;
  if (!borrowed_ && spare_.size() < spare_max)
    spare_.push_back(std::move(current_));
  current_ = std::move(next);
  borrowed_ = false;
}

void flat_buffer::adopt(at::Tensor borrowed) {
  commit(std::move(borrowed));
  borrowed_ = true;
}

at::Tensor flat_buffer::writable() {
  ++version_;
  auto next = target();
  if (!next.is_same(current_)) {
    next.copy_(current_);
    commit(next);
  }
  return current_;
}

} // namespace caps
