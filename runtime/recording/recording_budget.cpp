#include "runtime/recording/recording_budget.hpp"

namespace caps {

void recording_budget::use(size_t bytes) {
  used_ = bytes;
  while (room_ > 0 && used_ + room_ - room_ / 4 > bytes_) {
    room_ -= room_ / 4;
    if (room_ < 4)
      room_ = 0;
    every_ *= 2;
  }
}

bool recording_budget::keeps_vectors(node_id node, int64_t step, int64_t round,
                                     snapshot_reason reason, size_t bytes) {
  auto keeps = used_ + bytes <= bytes_;
  if (reason == snapshot_reason::epoch) {
    auto last = last_.find(node);
    keeps = keeps && room_ > 0 && round % every_ == 0
            && (last == last_.end() || step - last->second >= steps_between_);
  }
  if (keeps)
    kept_vectors(node, step);
  else
    ++vectors_left_out_;
  return keeps;
}

} // namespace caps
