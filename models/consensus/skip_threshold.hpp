#pragma once

#include <cstdint>
#include <span>

namespace caps {

/// How CaPS moves the threshold at or above which a layer is skipped, in
/// percent of unchanged elements. The defaults are those of the published
/// program; the start is that of its published run.
struct skip_threshold_options {
  /// The threshold at the start.
  double unchange_rate = 10;
  /// How far one adjustment moves it.
  double adjust_rate = 1;
  /// It never goes below this one...
  double lower_bound = 5;
  /// ...nor above this one.
  double max_bound = 50;
  /// Steps from one adjustment to the next.
  int64_t scheduling_freq = 1000;
  /// Metrics that an adjustment looks at, the latest ones.
  int64_t history_length = 10;
};

/// Throws `input_error` for a rate or bound outside 0 to 100, bounds in the
/// wrong order, and a frequency or length below 1.
void check(const skip_threshold_options& options);

/// Whether the threshold is adjusted before step `step` (from 0, which never
/// is).
bool adjusts_at(const skip_threshold_options& options, int64_t step);

/// The threshold after an adjustment. If none of the last `history_length` of
/// `metrics` (the oldest first, such as a validation accuracy per epoch) is
/// above the one before it, training has stopped getting better and the
/// threshold goes down by `adjust_rate`, so that more is skipped; else it goes
/// up. With fewer than two metrics none rose, and NaN counts as a rise, as in
/// the published program.
double next_threshold(const skip_threshold_options& options, double threshold,
                      std::span<const double> metrics);

} // namespace caps
