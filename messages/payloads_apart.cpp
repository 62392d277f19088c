#include "messages/payloads_apart.hpp"

#include <utility>

namespace caps {

namespace {

thread_local payloads_apart* innermost = nullptr;

} // namespace

payloads_apart::payloads_apart(std::vector<payload_segment>& segments) noexcept
  : segments_(segments), outer_(std::exchange(innermost, this)) {
}

payloads_apart::~payloads_apart() {
  innermost = outer_;
}

payloads_apart* payloads_apart::here() noexcept {
  return innermost;
}

void payloads_apart::leave(payload_segment x) {
  segments_.push_back(std::move(x));
}

std::shared_ptr<const payload_storage> payloads_apart::take(size_t bytes) {
  if (taken_ == segments_.size() || segments_[taken_].bytes != bytes)
    return nullptr;
  return segments_[taken_++].storage;
}

} // namespace caps
