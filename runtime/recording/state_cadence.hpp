#pragma once

#include "actors/observation/event_sink.hpp"
#include "runtime/recording/copied_start.hpp"

#include <cstddef>
#include <cstdint>

namespace caps {

/// Decides when a recording keeps the state of the whole run: after each node
/// has come to where its vectors are kept, as long as that does not take long.
class state_cadence {
public:
  /// States take at most so many bytes and a part of those of all messages
  /// before them, lest writing takes too long.
  static constexpr size_t bytes_unsent = size_t{256} << 10;
  static constexpr size_t message_bytes_per_state_byte = 20;

  /// `keepers`: nodes whose vectors are kept; `budget`: of the file, of which
  /// states take a quarter at most.
  state_cadence(int64_t keepers, size_t budget)
    : keepers_(keepers), bytes_max_(budget / 4) {}

  /// Goes on after what was copied.
  void go_on_from(const copied_start& x);

  void count_message(size_t bytes) { message_bytes_ += bytes; }

  void count_vectors(snapshot_reason reason, size_t bytes);

  void count_state(size_t bytes);

  /// Whether the run shall be kept now.
  bool is_due() const noexcept;

private:
  int64_t keepers_;
  size_t bytes_max_;
  /// How often the vectors of a node were kept since the last state.
  int64_t kept_since_ = 0;
  size_t message_bytes_ = 0;
  size_t state_bytes_ = 0;
  /// What the next state will take, about: what the last one took, or before
  /// the first one a few times the vectors that nodes start with.
  size_t next_state_bytes_ = 0;
};

} // namespace caps
