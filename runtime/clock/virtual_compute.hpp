#pragma once

#include "actors/compute/compute_service.hpp"

namespace caps {

/// Computes for nodes on the virtual clock. The answer to a computation comes
/// at the virtual time the compute model says; the machine computes it any
/// time before, so gradients of different nodes that are under way at the
/// same virtual time run in parallel, and the order of events never depends
/// on which is done first.
class virtual_compute final : public compute_service {
public:
  /// Computes with `threads` threads, the one that runs the events included.
  explicit virtual_compute(size_t threads) : pool_(threads - 1) {}

  void compute(caf::event_based_actor* self, std::function<void()> work,
               const cost& price) override;

  compute_pool& pool() override { return pool_; }

private:
  compute_pool pool_;
};

} // namespace caps
