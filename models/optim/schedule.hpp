#pragma once

#include "models/options.hpp"
#include "models/registry.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace caps {

/// What a schedule counts.
enum class schedule_unit : uint8_t {
  /// Passes over the node's shard, as every published program does (their
  /// StepLR(410, 0.9) over 200 epochs never gets to its first drop).
  epoch,
  /// Cycles of K local steps in which every edge exchanges once.
  round,
  /// Mini-batch updates.
  step,
};

/// A slow start before a schedule: the learning rate rises in equal steps from
/// `start` times the base rate to `multiplier` times it over the first `length`
/// units. From there the schedule runs from its beginning, with the risen rate
/// as its base. A start of 1 is the gradual warm-up of Goyal et al. 2017 as
/// programmed for PyTorch, a multiplier of 1 the usual one from near 0.
struct warm_up {
  int64_t length = 0;
  double start = 1;
  double multiplier = 1;
};

/// A position that an option of a schedule leads to: a run that ends before it
/// never gets there.
struct schedule_goal {
  std::string option;
  int64_t position = 0;
};

/// Learning rates over the course of a run, a pure function of position.
class schedule {
public:
  /// The share of the base rate after `position` whole units.
  using curve = std::function<double(int64_t position)>;

  schedule(schedule_unit unit, warm_up start, curve rest,
           std::vector<schedule_goal> goals = {})
    : unit_(unit),
      start_(start),
      rest_(std::move(rest)),
      goals_(std::move(goals)) {}

  schedule_unit unit() const noexcept { return unit_; }

  const std::vector<schedule_goal>& goals() const noexcept { return goals_; }

  /// The learning rate to use after `position` whole units have been finished:
  /// 0 in the first epoch (round, step), 1 in the second. @pre position >= 0
  double rate(double base_rate, int64_t position) const;

private:
  schedule_unit unit_;
  warm_up start_;
  curve rest_;
  std::vector<schedule_goal> goals_;
};

using schedule_recipe = recipe<schedule>;

/// The built-in schedules. All have the options unit, warmup, warmup_start and
/// warmup_multiplier; t is the position after the warm-up, r the share of the
/// (risen) base rate:
///
///     constant      r = 1
///     step          r = gamma^floor(t / every)
///     exponential   r = gamma^t
///     cosine        r = end + (1 - end) (1 + cos(pi t / length)) / 2
///     polynomial    r = end + (1 - end) (1 - t / length)^power
///
/// Cosine and polynomial stay at `end` from `length` on.
registry<schedule_recipe> built_in_schedules();

} // namespace caps
