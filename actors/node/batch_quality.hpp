#pragma once

#include "messages/types.hpp"

#include <cstdint>

namespace caps {

class state_visitor;

/// Loss and accuracy of the batches since the last snapshot.
class batch_quality {
public:
  /// Adds a batch.
  ///
  /// @param loss mean over its samples
  /// @param correct samples whose class was predicted right
  void add(double loss, int64_t correct, int64_t samples) {
    loss_ += loss;
    correct_ += correct;
    samples_ += samples;
    ++steps_;
  }

  /// Fills in loss and accuracy of a snapshot, NaN where there is none, and
  /// begins anew.
  ///
  /// @param classes 0 for regression, which has no accuracy
  void move_to(node_snapshot& x, int64_t classes);

  void visit_state(state_visitor& visitor);

private:
  double loss_ = 0;
  int64_t steps_ = 0;
  int64_t correct_ = 0;
  int64_t samples_ = 0;
};

} // namespace caps
