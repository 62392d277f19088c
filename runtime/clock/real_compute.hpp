#pragma once

#include "actors/compute/compute_service.hpp"

namespace caps {

/// Computes for nodes on the real clock: the answer comes when the machine is
/// done, later for nodes that are slower by a factor or delayed.
class real_compute final : public compute_service {
public:
  explicit real_compute(size_t threads) : pool_(threads) {}

  void compute(caf::event_based_actor* self, std::function<void()> work,
               const cost& price) override;

  compute_pool& pool() override { return pool_; }

private:
  compute_pool pool_;
};

} // namespace caps
