#pragma once

#include "messages/tensor_payload.hpp"

#include <memory>
#include <mutex>
#include <vector>

namespace caps {

/// Memory for payloads that come over a socket. What nobody holds any more is
/// used again: fresh pages cost as much as the bytes that go into them.
class receive_pool : public std::enable_shared_from_this<receive_pool> {
public:
  /// Payloads have at most `bytes` bytes; up to `spare` pieces of memory of
  /// that size are kept for later.
  receive_pool(size_t bytes, size_t spare) : bytes_(bytes), spare_(spare) {}

  /// Room for a payload, to be written before anybody else sees it. Small ones
  /// come from the heap.
  struct place {
    std::shared_ptr<const payload_storage> storage;
    std::byte* data = nullptr;
  };
  place take(size_t bytes);

private:
  class lease;

  void give_back(std::unique_ptr<host_storage> x);

  size_t bytes_;
  size_t spare_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<host_storage>> free_;
};

} // namespace caps
