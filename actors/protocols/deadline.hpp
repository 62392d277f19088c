#pragma once

#include "actors/node/node_context.hpp"
#include "models/state_values.hpp"

namespace caps {

/// The longest time a protocol waits for its partners. One timer serves any
/// number of waits: a tick that comes while the current wait is younger than
/// the limit sets the next one, so waits that end in time cost nothing.
class deadline {
public:
  using duration = node_context::duration;

  deadline(node_context& context, duration limit)
    : context_(context), limit_(limit) {}

  /// A wait begins now.
  void arm() {
    since_ = context_.now();
    armed_ = true;
    if (!ticking_)
      tick_after(limit_);
  }

  /// The wait is over.
  void disarm() noexcept { armed_ = false; }

  bool armed() const noexcept { return armed_; }

  /// When the current wait began.
  duration since() const noexcept { return since_; }

  /// Handles a `deadline_tick`; returns whether the current wait has lasted
  /// too long.
  bool passed() {
    ticking_ = false;
    if (!armed_)
      return false;
    auto left = since_ + limit_ - context_.now();
    if (left <= duration::zero())
      return true;
    tick_after(left);
    return false;
  }

  void visit_state(state_visitor& visitor) {
    visit_value(visitor, "since", since_);
    visit_value(visitor, "armed", armed_);
    visit_value(visitor, "ticking", ticking_);
  }

private:
  void tick_after(duration delay) {
    ticking_ = true;
    context_.after(delay, deadline_tick{});
  }

  node_context& context_;
  duration limit_;
  duration since_{0};
  bool armed_ = false;
  bool ticking_ = false;
};

} // namespace caps
