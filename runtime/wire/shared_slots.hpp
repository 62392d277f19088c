#pragma once

#include "messages/tensor_payload.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace caps {

// Memory that two processes of one host share, in slots of one size: one
// process writes a payload into a free slot, the other reads it there and frees
// the slot when nobody holds the payload any more. Pages that were never
// written take no memory.
//
// Layout: a table of one flag a slot (0 free, 1 taken), then the slots, both
// from the beginning of a page on.

/// Memory mapped into this process; unmapped at the end.
class mapped_memory {
public:
  /// Maps `bytes` of `file` from `offset` on; throws `error`.
  mapped_memory(int file, size_t offset, size_t bytes, bool writable);
  ~mapped_memory();

  mapped_memory(const mapped_memory&) = delete;
  mapped_memory& operator=(const mapped_memory&) = delete;

  std::byte* data() const noexcept { return data_; }

private:
  std::byte* data_;
  size_t bytes_;
};

/// How large the slots of a pair of processes are, and how many there are; both
/// ends know it from the plan of the run.
struct slot_shape {
  size_t bytes = 0;
  uint32_t count = 0;

  /// Bytes of a slot in memory: whole pages.
  size_t stride() const noexcept;
  size_t table_bytes() const noexcept;
  size_t total_bytes() const noexcept;
};

/// The writing end.
class slot_writer {
public:
  /// Makes the memory; throws `error`.
  explicit slot_writer(const slot_shape& shape);
  ~slot_writer();

  slot_writer(const slot_writer&) = delete;
  slot_writer& operator=(const slot_writer&) = delete;

  /// To be handed to the other process; stays open until the end.
  int file() const noexcept { return file_; }

  /// Takes a free slot; nothing if `bytes` do not fit into one, or all are
  /// taken. Any thread may ask.
  std::optional<uint32_t> take(size_t bytes);

  /// Gives back a slot that the other end was never told of.
  void give_back(uint32_t slot);

  std::byte* data(uint32_t slot) const noexcept;

private:
  std::atomic<uint32_t>& flag(uint32_t slot) const noexcept;

  slot_shape shape_;
  int file_;
  std::optional<mapped_memory> table_;
  std::optional<mapped_memory> slots_;
};

/// The reading end; lives as long as any payload in its slots.
class slot_reader : public std::enable_shared_from_this<slot_reader> {
public:
  /// Maps what another process made; throws `error` if it has another size or
  /// could still be cut off. Closes `file`.
  slot_reader(int file, const slot_shape& shape);

  /// The payload in a slot; null for what is no slot of this size. The slot is
  /// free again when the payload is gone.
  std::shared_ptr<const payload_storage> read(uint32_t slot, size_t bytes);

  void free(uint32_t slot) noexcept;

private:
  slot_shape shape_;
  std::optional<mapped_memory> table_;
  std::optional<mapped_memory> slots_;
};

} // namespace caps
