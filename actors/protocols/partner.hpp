#pragma once

#include "messages/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace caps {

class state_visitor;

/// Keeps account of the messages due from one in-neighbour: which have come,
/// which are late, and whether it is still worth waiting for.
class partner {
public:
  explicit partner(node_id id) : id_(id) {}

  node_id id() const noexcept { return id_; }

  /// Whether the message is new: links may deliver one twice.
  bool is_new(const message_stamp& stamp);

  /// A message came. Returns whether the partner had been given up.
  bool answered() noexcept;

  /// A message did not come. Returns whether the partner is given up with it.
  bool missed(int64_t missed_max) noexcept;

  /// Nobody waits for this partner.
  bool down() const noexcept { return down_; }

  void visit_state(state_visitor& visitor);

private:
  /// Sequence numbers remembered to tell copies; a copy that comes later than
  /// this many messages is taken for new.
  static constexpr size_t remembered = 16;

  node_id id_;
  std::array<uint64_t, remembered> seen_{};
  size_t next_seen_ = 0;
  int64_t missed_in_a_row_ = 0;
  bool down_ = false;
};

} // namespace caps
