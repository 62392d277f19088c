#pragma once

#include "models/fused_pass.hpp"
#include "models/parameter_layout.hpp"
#include "models/random_stream.hpp"

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

namespace caps {

// CaPS, convergence-aware parameter skipping (the published program
// CaPS-Learn): parts of the parameters that have all but stopped changing are
// not sent. A part is unchanged by the share of its elements that equal those
// of an older version of the parameters.
//
// To lose nothing, compare with what the neighbours were last sent: a skipped
// part is then sent in full as soon as enough of it differs from what they
// hold, however slowly it got there. The published program compares with the
// previous step and drops what skipped layers would have carried.

/// The parts of the parameters that are sent or skipped as one: the layers, or
/// with a `block_numel` above 0 stretches of at most that many elements of a
/// layer. Throws `input_error` if `block_numel` is negative.
std::vector<element_range> change_regions(const parameter_layout& layout,
                                          int64_t block_numel = 0);

/// Two numbers count as equal if they are the same after rounding to this many
/// decimal digits (as the published program: x 10^digits, to the nearest
/// integer, ties to even, in the elements' own precision), of which there can
/// be a fraction: 3.3 stand for multiples of 0.0005. If unset, only if they are
/// equal exactly. NaN equals nothing.
using rounding_digits = std::optional<double>;

/// What would reach a receiver of `now`, and is compared: its elements, or the
/// numbers of half precision that are nearest to them.
enum class arrival : uint8_t { exact, half };

/// For each region 100 times the share of elements that are equal in `now` and
/// `before`. One pass over both. Throws `error` if vectors and regions do not
/// fit.
std::vector<double> unchanged_percent(const at::Tensor& now,
                                      const at::Tensor& before,
                                      std::span<const element_range> regions,
                                      rounding_digits digits = {},
                                      arrival how = arrival::exact);

/// What a step with a gradient, and all that was left out before, is made of.
struct unsent_step {
  const at::Tensor& gradient;
  const at::Tensor& weights;
  double learning_rate = 0;
};

/// Adds a gradient to `unsent`, what was left out of those before, and returns
/// for each region 100 times the share of parameters that a step with all of
/// it, w - learning_rate * unsent, leaves unchanged. The regions must cover the
/// vector; one pass over the three. Throws `error` if vectors and regions do
/// not fit.
std::vector<double> add_unsent(const at::Tensor& unsent,
                               const unsent_step& step,
                               std::span<const element_range> regions,
                               rounding_digits digits = {});

/// For each region the elements (indices into the whole vector) that stand for
/// it.
using element_samples = std::vector<std::vector<int64_t>>;

/// The same, judging each region by the elements of `samples` alone. A region
/// without any counts as changed: 0 percent.
std::vector<double> unchanged_percent(const at::Tensor& now,
                                      const at::Tensor& before,
                                      const element_samples& samples,
                                      rounding_digits digits = {},
                                      arrival how = arrival::exact);

/// A sample of `share` (0 to 1) of each region without repetition, drawn from
/// `stream`, in ascending order; the number is rounded down as in the published
/// program. Throws `input_error` for a share outside 0 to 1.
element_samples random_samples(std::span<const element_range> regions,
                               double share, random_stream& stream);

/// Adds 1 to `counts` (int32, as long as `now`) for every element that is not
/// equal in `now` and `before`: the history that `most_changed_samples` draws
/// from. One pass over the three.
void count_changes(const at::Tensor& now, const at::Tensor& before,
                   rounding_digits digits, const at::Tensor& counts,
                   arrival how = arrival::exact);

/// The `share` (0 to 1) of each region's elements with the highest counts,
/// rounded down, in ascending order; among equals the first. Throws
/// `input_error` for a share outside 0 to 1.
element_samples most_changed_samples(const at::Tensor& counts,
                                     std::span<const element_range> regions,
                                     double share);

/// For each region whether it is sent: unchanged less than `threshold` percent.
std::vector<bool> regions_to_send(std::span<const double> unchanged,
                                  double threshold);

/// The elements of the chosen ones among `regions`; neighbours that touch
/// become one. Throws `error` unless there is a choice for every region.
std::vector<element_range> chosen_ranges(std::span<const element_range> regions,
                                         const std::vector<bool>& chosen);

} // namespace caps
