#pragma once

#include "messages/tensor_payload.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace caps {

/// The bytes of one payload of a message.
struct payload_segment {
  std::shared_ptr<const payload_storage> storage;
  size_t bytes = 0;
};

/// While it lives, the payloads of messages that this thread serializes keep
/// their bytes out of it: they are appended to a list of segments, in order.
/// Payloads that are deserialized take theirs from the list. So a message goes
/// to another process as a short text and memory that nobody had to copy into
/// it.
class payloads_apart {
public:
  /// @param segments outlives this
  explicit payloads_apart(std::vector<payload_segment>& segments) noexcept;

  ~payloads_apart();

  payloads_apart(const payloads_apart&) = delete;
  payloads_apart& operator=(const payloads_apart&) = delete;

  /// That of this thread; null if payloads are part of the message.
  static payloads_apart* here() noexcept;

  void leave(payload_segment x);

  /// The next segment, or null unless it has this many bytes.
  std::shared_ptr<const payload_storage> take(size_t bytes);

private:
  std::vector<payload_segment>& segments_;
  size_t taken_ = 0;
  payloads_apart* outer_;
};

} // namespace caps
