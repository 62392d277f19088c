#include "models/consensus/change_detection.hpp"

#include "models/nearest_half.hpp"

#include <ATen/ops/from_blob.h>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace caps {

namespace {

using std::nearbyint;

/// 10^digits, by which numbers are multiplied before rounding.
double rounding_scale(double digits) {
  if (!(digits >= 0 && digits <= 15))
    throw input_error(fmt::format("round_factor is {}, but must be from 0 to "
                                  "15 digits",
                                  digits));
  return std::pow(10.0, digits);
}

/// Calls `f` with a predicate for pairs of elements (or tensors) of which the
/// second equals what arrives of the first under `digits`.
template <class F>
auto with_equality(rounding_digits digits, arrival how, F f) {
  auto compare = [&](auto arriving) {
    if (!digits)
      return f([=](auto x, auto y) { return arriving(x) == y; });
    return f([=, c = coefficient{rounding_scale(*digits)}](auto x, auto y) {
      return nearbyint(c * arriving(x)) == nearbyint(c * y);
    });
  };
  return how == arrival::half ? compare([](auto x) { return nearest_half(x); })
                              : compare([](auto x) { return x; });
}

double percent(int64_t part, int64_t whole) {
  return whole == 0
           ? 0
           : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

/// Percent of the elements of each region that `rule` counts.
template <size_t Outs, size_t Ins, class Rule>
std::vector<double> percents(std::span<const element_range> regions,
                             const std::array<flat_view, Outs>& outs,
                             const std::array<flat_view, Ins>& ins,
                             const Rule& rule) {
  std::vector<double> result(regions.size());
  counting_pass(regions, outs, ins, rule, [&](size_t k, int64_t count) {
    result[k] = percent(count, regions[k].numel);
  });
  return result;
}

template <class T, class Equal>
int64_t count_equal_at(const T* x, const T* y,
                       const std::vector<int64_t>& indices, Equal equal) {
  return std::count_if(indices.begin(), indices.end(),
                       [=](int64_t i) { return equal(x[i], y[i]); });
}

template <class Equal>
int64_t count_equal_at(const flat_view& x, const flat_view& y,
                       const std::vector<int64_t>& indices, Equal equal) {
  if (auto p = x.elements<float>())
    return count_equal_at(p, y.elements<float>(), indices, equal);
  if (auto p = x.elements<double>())
    return count_equal_at(p, y.elements<double>(), indices, equal);
  auto chosen = at::from_blob(const_cast<int64_t*>(indices.data()),
                              {static_cast<int64_t>(indices.size())}, at::kLong)
                  .to(x.tensor().device());
  return equal(whole_tensor{x.tensor().index_select(0, chosen)},
               whole_tensor{y.tensor().index_select(0, chosen)})
    .value.sum()
    .template item<int64_t>();
}

/// How many elements of a region make up its sample.
size_t sample_size(const element_range& region, double share) {
  if (!(share >= 0 && share <= 1))
    throw input_error(
      fmt::format("a sample of {} of a layer: must be from 0 to 1", share));
  return static_cast<size_t>(static_cast<double>(region.numel) * share);
}

std::vector<int64_t> all_indices(const element_range& region) {
  std::vector<int64_t> result(static_cast<size_t>(region.numel));
  std::iota(result.begin(), result.end(), region.offset);
  return result;
}

} // namespace

std::vector<element_range> change_regions(const parameter_layout& layout,
                                          int64_t block_numel) {
  if (block_numel < 0)
    throw input_error(
      fmt::format("blocks of {} elements: must be 1 or more, or "
                  "0 for whole layers",
                  block_numel));
  std::vector<element_range> result;
  for (const auto& entry : layout.entries()) {
    auto step = block_numel > 0 ? block_numel : entry.numel;
    for (int64_t i = 0; i < entry.numel; i += step)
      result.push_back({entry.offset + i, std::min(step, entry.numel - i)});
  }
  return result;
}

std::vector<double> unchanged_percent(const at::Tensor& now,
                                      const at::Tensor& before,
                                      std::span<const element_range> regions,
                                      rounding_digits digits, arrival how) {
  return with_equality(digits, how, [&](auto equal) {
    return percents(regions, into(), from(now, before), equal);
  });
}

std::vector<double> add_unsent(const at::Tensor& unsent,
                               const unsent_step& step,
                               std::span<const element_range> regions,
                               rounding_digits digits) {
  auto add_and_count = [&, c = coefficient{-step.learning_rate}](auto equal) {
    return percents(regions, into(unsent),
                    from(unsent, step.gradient, step.weights),
                    [=](auto kept, auto fresh, auto w) {
                      auto r = kept + fresh;
                      return std::tuple{r, equal(w + c * r, w)};
                    });
  };
  return with_equality(digits, arrival::exact, add_and_count);
}

std::vector<double> unchanged_percent(const at::Tensor& now,
                                      const at::Tensor& before,
                                      const element_samples& samples,
                                      rounding_digits digits, arrival how) {
  flat_view x{now};
  flat_view y{before};
  fused::check({0, x.numel()}, x, &y, &y + 1);
  std::vector<double> result;
  result.reserve(samples.size());
  with_equality(digits, how, [&](auto equal) {
    for (const auto& indices : samples)
      result.push_back(percent(count_equal_at(x, y, indices, equal),
                               static_cast<int64_t>(indices.size())));
  });
  return result;
}

element_samples random_samples(std::span<const element_range> regions,
                               double share, random_stream& stream) {
  element_samples result;
  for (const auto& region : regions) {
    auto indices = all_indices(region);
    auto size = sample_size(region, share);
    // The first steps of a Fisher-Yates shuffle.
    for (size_t i = 0; i < size; ++i)
      std::swap(indices[i], indices[i + stream.below(indices.size() - i)]);
    indices.resize(size);
    std::sort(indices.begin(), indices.end());
    result.push_back(std::move(indices));
  }
  return result;
}

void count_changes(const at::Tensor& now, const at::Tensor& before,
                   rounding_digits digits, const at::Tensor& counts,
                   arrival how) {
  flat_view x{now};
  flat_view y{before};
  auto n = x.numel();
  fused::check({0, n}, x, &y, &y + 1);
  flat_view totals{counts};
  if (totals.numel() != n || counts.scalar_type() != at::kInt
      || counts.device() != now.device())
    throw error(fmt::format("the history of changes has {} elements of {} on "
                            "{}, not {} of Int on {}",
                            totals.numel(), c10::toString(counts.scalar_type()),
                            counts.device().str(), n, now.device().str()));
  fused::mark_written(totals);
  with_equality(digits, how, [&](auto equal) {
    auto total = totals.elements<int32_t>();
    auto count_elements = [&](auto* p, auto* q) {
      fused::loop(n, [=](int64_t i) { total[i] += equal(p[i], q[i]) ? 0 : 1; });
    };
    if (auto p = x.elements<float>())
      count_elements(p, y.elements<float>());
    else if (auto q = x.elements<double>())
      count_elements(q, y.elements<double>());
    else
      counts.add_(
        equal(whole_tensor{now}, whole_tensor{before}).value.logical_not());
  });
}

element_samples most_changed_samples(const at::Tensor& counts,
                                     std::span<const element_range> regions,
                                     double share) {
  auto here = counts.cpu();
  auto count = flat_view{here}.elements<int32_t>();
  if (count == nullptr)
    throw error("the history of changes is no vector of Int");
  element_samples result;
  for (const auto& region : regions) {
    fused::check(region, here, nullptr, nullptr);
    auto indices = all_indices(region);
    auto size = sample_size(region, share);
    auto more = [=](int64_t i, int64_t j) {
      return count[i] != count[j] ? count[i] > count[j] : i < j;
    };
    auto middle = indices.begin() + static_cast<std::ptrdiff_t>(size);
    std::nth_element(indices.begin(), middle, indices.end(), more);
    indices.resize(size);
    std::sort(indices.begin(), indices.end());
    result.push_back(std::move(indices));
  }
  return result;
}

std::vector<bool> regions_to_send(std::span<const double> unchanged,
                                  double threshold) {
  std::vector<bool> result(unchanged.size());
  for (size_t k = 0; k < unchanged.size(); ++k)
    result[k] = !(unchanged[k] >= threshold);
  return result;
}

std::vector<element_range> chosen_ranges(std::span<const element_range> regions,
                                         const std::vector<bool>& chosen) {
  if (regions.size() != chosen.size())
    throw error(fmt::format("a mask of {} for {} regions", chosen.size(),
                            regions.size()));
  std::vector<element_range> result;
  for (size_t k = 0; k < regions.size(); ++k) {
    if (!chosen[k])
      continue;
    const auto& next = regions[k];
    if (!result.empty()
        && result.back().offset + result.back().numel == next.offset)
      result.back().numel += next.numel;
    else
      result.push_back(next);
  }
  return result;
}

} // namespace caps
