#include "runtime/recording/state_cadence.hpp"

namespace caps {

void state_cadence::go_on_from(const copied_start& x) {
  message_bytes_ = x.message_bytes;
  state_bytes_ = x.state_bytes;
  next_state_bytes_ = x.last_state_bytes;
}

void state_cadence::count_vectors(snapshot_reason reason, size_t bytes) {
  // Parameters, gradients, memory of optimizer and protocol, messages.
  constexpr size_t vectors_of_a_node = 4;
  if (reason == snapshot_reason::start)
    next_state_bytes_ += vectors_of_a_node * bytes;
  else
    ++kept_since_;
}

void state_cadence::count_state(size_t bytes) {
  kept_since_ = 0;
  state_bytes_ += bytes;
  next_state_bytes_ = bytes;
}

bool state_cadence::is_due() const noexcept {
  auto bytes = state_bytes_ + next_state_bytes_;
  return kept_since_ >= keepers_ && bytes <= bytes_max_
         && bytes
              <= bytes_unsent + message_bytes_ / message_bytes_per_state_byte;
}

} // namespace caps
