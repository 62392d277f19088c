#pragma once

#include "actors/compute/compute_model.hpp"
#include "actors/compute/compute_pool.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/fwd.hpp>

#include <functional>
#include <memory>

namespace caps {

/// Answers a node that asked for a computation: it has ended, and on the
/// virtual clock its time is over. Stays inside the process.
struct computed {
  /// To be waited for before its results are read.
  compute_pool::ticket ticket;
};

/// Computes for nodes. Behind it stand the clocks: on the virtual clock an
/// answer takes the time of the compute model, on the real clock the time of
/// the machine.
class compute_service {
public:
  using duration = std::chrono::nanoseconds;

  /// What a computation costs on top of the machine's time.
  struct cost {
    /// On the virtual clock: time of the computation.
    duration step_time{0};
    /// Time added on both clocks.
    duration delay{0};
    /// On the real clock: the machine's time is stretched by this factor.
    double factor = 1;
  };

  virtual ~compute_service() = default;

  /// Runs `work` in a compute thread and sends `computed` to `self` when its
  /// time is over.
  virtual void compute(caf::event_based_actor* self,
                       std::function<void()> work, const cost& price)
    = 0;

  /// The pool, for work that takes no time on the run's clock (evaluation).
  virtual compute_pool& pool() = 0;
};

} // namespace caps

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caps::computed)
