#pragma once

#include "messages/payloads_apart.hpp"
#include "messages/types.hpp"
#include "runtime/wire/shared_slots.hpp"

#include <caf/binary_serializer.hpp>
#include <caf/fwd.hpp>
#include <caf/message.hpp>

#include <sys/uio.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace caps {

// A message on its way to another process:
//
//     head | message, without the bytes of its payloads | one entry a payload |
//     bytes of the payloads that lie in no slot
//
// Both ends are the same version of this program, so numbers are as in memory;
// that of a little-endian machine.
static_assert(std::endian::native == std::endian::little);

struct wire_head {
  static constexpr uint32_t sign = 0x63617073;
  uint32_t magic = sign;
  node_id from = no_node;
  node_id to = no_node;
  uint32_t message_bytes = 0;
  uint32_t payloads = 0;
  uint32_t unused = 0;
  /// Nanoseconds of the sender's clock, when it was handed to the link.
  int64_t sent_at = 0;
};

/// A question for the time at the other end, or the answer to one.
struct wire_probe {
  /// Of a head that no message follows, but this.
  static constexpr uint32_t sign = 0x63617074;
  /// Nanoseconds of the clock of who asks; 0 in a question.
  int64_t asked_at = 0;
};

/// Nanoseconds of this host's clock, the same in all its processes.
int64_t wire_time() noexcept;

/// Where the bytes of a payload are.
struct wire_entry {
  static constexpr uint32_t no_slot = UINT32_MAX;
  uint64_t bytes = 0;
  uint32_t slot = no_slot;
  uint32_t unused = 0;
};

/// More payloads than any message has.
constexpr uint32_t wire_payloads_max = 64;

/// Payloads smaller than this cost less in the socket than in a slot.
constexpr size_t slot_payload_min = size_t{16} << 10;

/// One message to be sent. Slots that it took are given back unless it is
/// handed over.
class wire_frame {
public:
  /// Takes slots for the payloads of `content` while there are some and copies
  /// them there; what lies in no slot is held until it is sent. Throws `error`
  /// for a message that cannot be written.
  ///
  /// @param slots null between hosts
  wire_frame(caf::actor_system& system, node_id from, node_id to,
             const caf::message& content, std::shared_ptr<slot_writer> slots);
  wire_frame(const wire_probe& probe, int64_t now);
  ~wire_frame();

  wire_frame(wire_frame&&) = default;
  wire_frame& operator=(wire_frame&&) = delete;

  /// Bytes for the socket.
  size_t bytes() const noexcept { return bytes_; }

  /// The same with those that lie in slots.
  size_t all_bytes() const noexcept { return bytes_ + slot_bytes_; }

  /// Bytes that were not sent yet.
  size_t rest() const noexcept { return bytes_ - sent_; }

  bool begun() const noexcept { return sent_ > 0; }

  /// What is to be sent next, appended to `result`.
  void add_rest(std::vector<iovec>& result) const;

  /// So many bytes more have gone; with the last one slots are the receiver's.
  void advance(size_t bytes) noexcept;

private:
  void add_entry(const payload_segment& x);
  void finish_head(size_t message_bytes, node_id from, node_id to);

  std::shared_ptr<slot_writer> writer_;
  caf::binary_serializer::container_type text_;
  std::vector<payload_segment> loose_;
  std::vector<wire_entry> entries_;
  size_t bytes_ = 0;
  size_t slot_bytes_ = 0;
  size_t sent_ = 0;
};

} // namespace caps
