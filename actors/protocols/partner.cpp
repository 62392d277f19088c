#include "actors/protocols/partner.hpp"

#include "models/errors.hpp"
#include "models/state_values.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace caps {

bool partner::is_new(const message_stamp& stamp) {
  if (std::ranges::find(seen_, stamp.sequence) != seen_.end())
    return false;
  seen_[next_seen_] = stamp.sequence;
  next_seen_ = (next_seen_ + 1) % remembered;
  return true;
}

bool partner::answered() noexcept {
  missed_in_a_row_ = 0;
  return std::exchange(down_, false);
}

bool partner::missed(int64_t missed_max) noexcept {
  ++missed_in_a_row_;
  return missed_in_a_row_ == missed_max && !std::exchange(down_, true);
}

void partner::visit_state(state_visitor& visitor) {
  std::vector<int64_t> seen{seen_.begin(), seen_.end()};
  visitor.integers("seen", seen);
  if (seen.size() != seen_.size())
    throw input_error("the state of a partner has another size");
  std::ranges::copy(seen, seen_.begin());
  visit_value(visitor, "next_seen", next_seen_);
  next_seen_ %= remembered;
  visit_value(visitor, "missed_in_a_row", missed_in_a_row_);
  visit_value(visitor, "down", down_);
}

} // namespace caps
