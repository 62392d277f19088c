#include "models/compression/caps_reducer.hpp"

#include "models/compression/packed_ranges.hpp"
#include "models/compression/value_format.hpp"
#include "models/consensus/change_detection.hpp"
#include "models/fused_pass.hpp"
#include "models/nearest_half.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/clone.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace caps {

namespace {

struct caps_options {
  std::string detection = "all";
  /// Decimal digits compared; -1 for all there are.
  double round_factor = 4;
  double sample = 0.05;
  int64_t block = 0;
  std::string metric = "loss";
  skip_threshold_options threshold;
  value_format values;
  bool residual = true;

  rounding_digits digits() const {
    return round_factor < 0 ? rounding_digits{} : round_factor;
  }

  arrival arrives() const {
    return values.rounds() ? arrival::half : arrival::exact;
  }
};

/// Decides which parts are sent.
class part_selector {
public:
  part_selector(const caps_options& options, const parameter_layout& layout,
                random_stream& stream)
    : options_(options), parts_(change_regions(layout, options.block)),
      numel_(layout.numel()), threshold_(options.threshold.unchange_rate) {
    if (options.detection != "all")
      samples_ = random_samples(parts_, options.sample, stream);
  }

  const std::vector<element_range>& parts() const noexcept { return parts_; }

  double threshold() const noexcept { return threshold_; }

  void observe(double loss, double accuracy) {
    if (adjusts_at(options_.threshold, observed_))
      adjust();
    metric_sum_ += options_.metric == "loss" ? loss : accuracy;
    ++observed_;
  }

  /// By what changed between two versions of the parameters.
  std::vector<bool> select(const at::Tensor& now, const at::Tensor& before) {
    return select(now, before, options_.arrives());
  }

  /// By what a step with all that is `unsent` and a new gradient, which it
  /// adds to it, would change.
  std::vector<bool> select(const at::Tensor& unsent, const unsent_step& step) {
    auto unchanged = add_unsent(unsent, step, parts_, options_.digits());
    if (options_.detection == "all")
      return regions_to_send(unchanged, threshold_);
    auto after = at::empty_like(unsent);
    fused_pass(into(after), from(step.weights, unsent),
               [c = coefficient{-step.learning_rate}](auto w, auto r) {
                 return w + c * r;
               });
    return select(after, step.weights, arrival::exact);
  }

  void visit_state(state_visitor& visitor) {
    visit_value(visitor, "threshold", threshold_);
    visit_list(visitor, "samples", samples_, {},
               [&](const std::string& index, std::vector<int64_t>& x) {
                 visitor.integers(index, x);
               });
    visit_value(visitor, "changes", changes_);
    visit_value(visitor, "observed", observed_);
    visit_value(visitor, "metric_sum", metric_sum_);
    visit_value(visitor, "metrics", metrics_);
  }

private:
  std::vector<bool> select(const at::Tensor& now, const at::Tensor& before,
                           arrival how) {
    auto digits = options_.digits();
    auto unchanged = samples_.empty()
                       ? unchanged_percent(now, before, parts_, digits, how)
                       : unchanged_percent(now, before, samples_, digits, how);
    if (options_.detection == "history") {
      if (!changes_.defined())
        changes_ = at::zeros({numel_}, now.options().dtype(at::kInt));
      count_changes(now, before, digits, changes_, how);
    }
    return regions_to_send(unchanged, threshold_);
  }

  void adjust() {
    const auto& how = options_.threshold;
    metrics_.push_back(metric_sum_ / static_cast<double>(how.scheduling_freq));
    metric_sum_ = 0;
    if (metrics_.size() > static_cast<size_t>(how.history_length))
      metrics_.erase(metrics_.begin());
    if (how.adjust_rate > 0)
      threshold_ = next_threshold(how, threshold_, metrics_);
    if (changes_.defined())
      samples_ = most_changed_samples(changes_, parts_, options_.sample);
  }

  caps_options options_;
  std::vector<element_range> parts_;
  int64_t numel_;
  double threshold_;
  element_samples samples_;
  /// How often each element changed.
  at::Tensor changes_;
  int64_t observed_ = 0;
  /// Since the last adjustment.
  double metric_sum_ = 0;
  std::vector<double> metrics_;
};

/// The elements of `x` that are sent.
compressed_vector pack(const at::Tensor& x,
                       const std::vector<element_range>& ranges,
                       const value_format& format) {
  int64_t numel = 0;
  for (const auto& range : ranges)
    numel += range.numel;
  auto here = host_vector(x);
  auto values = at::empty({numel}, here.options());
  auto size = here.itemsize();
  auto from = static_cast<const std::byte*>(here.data_ptr());
  auto to = static_cast<std::byte*>(values.data_ptr());
  for (const auto& range : ranges)
    to = std::copy_n(from + range.offset * size, range.numel * size, to);
  return {.kind = compression_kind::parts,
          .numel = here.numel(),
          .values = format.encode(values),
          .indices = pack_ranges(ranges)};
}

class caps_reducer final : public reducer {
public:
  caps_reducer(const caps_options& options, const parameter_layout& layout,
               random_stream& stream)
    : selector_(options, layout, stream), format_(options.values),
      residual_(options.residual) {
    for (const auto& entry : layout.entries())
      layers_.push_back(
        {{entry.offset, entry.numel}, &own_record().layers[entry.name]});
    own_record().threshold = selector_.threshold();
  }

  void start(const at::Tensor& weights) override {
    copy_ = at::clone(weights);
    if (!residual_)
      previous_ = at::clone(weights);
  }

  const at::Tensor& copy() const override { return copy_; }

  void observe(double loss, double accuracy) override {
    selector_.observe(loss, accuracy);
    own_record().threshold = selector_.threshold();
  }

private:
  compressed_vector compress_gradient(const gradient_to_send& x,
                                      random_stream&) override {
    if (!unsent_.defined())
      unsent_ = at::zeros_like(x.values);
    else if (!residual_)
      unsent_.zero_();
    auto sent = counted(
      selector_.select(unsent_, {x.values, x.weights, x.learning_rate}));
    auto result = pack(unsent_, sent, format_);
    add_decompressed(result, -1, unsent_);
    return result;
  }

  compressed_vector compress_parameters(const at::Tensor& weights,
                                        random_stream&) override {
    auto sent
      = counted(selector_.select(weights, residual_ ? copy_ : previous_));
    auto result = pack(weights, sent, format_);
    place_decompressed(result, copy_);
    if (!residual_)
      remember(weights);
    return result;
  }

  /// Keeps what the next step is compared with.
  void remember(const at::Tensor& weights) {
    if (format_.rounds())
      fused_pass(into(previous_), from(weights),
                 [](auto w) { return nearest_half(w); });
    else
      previous_.copy_(weights);
  }

  /// The elements that are sent, once the record has those left out.
  std::vector<element_range> counted(const std::vector<bool>& sent) {
    auto result = chosen_ranges(selector_.parts(), sent);
    auto next = result.begin();
    for (const auto& [whole, record] : layers_) {
      auto end = whole.offset + whole.numel;
      record->elements += whole.numel;
      record->skipped += whole.numel;
      for (; next != result.end() && next->offset < end; ++next) {
        auto last = next->offset + next->numel;
        record->skipped
          -= std::min(end, last) - std::max(whole.offset, next->offset);
        if (last > end)
          break; // goes on in the next layer
      }
    }
    return result;
  }

  struct layer {
    element_range whole;
    reduction_record::layer* record;
  };

  void visit_own_state(state_visitor& visitor) override {
    visit_nested(visitor, "selector", selector_);
    visit_value(visitor, "unsent", unsent_);
    visit_value(visitor, "copy", copy_);
    visit_value(visitor, "previous", previous_);
  }

  part_selector selector_;
  value_format format_;
  bool residual_;
  std::vector<layer> layers_;
  /// Of gradients: what is to be sent.
  at::Tensor unsent_;
  /// Of parameters: the receiver's copy, and those of the last step.
  at::Tensor copy_;
  at::Tensor previous_;
};

class caps_recipe final : public reducer_recipe {
public:
  void describe(option_visitor& visitor) override {
    auto& x = options_;
    visitor.choice("detection", x.detection, {"all", "random", "history"},
                   "elements of a part that are compared: all, a random "
                   "sample, or those that changed most often so far");
    visitor.real("round_factor", x.round_factor, between(-1, 15),
                 "decimal digits to which elements are compared, 3.3 for "
                 "multiples of 0.0005; below 0: they must be equal");
    visitor.real("sample", x.sample, {.min = 0, .max = 1, .min_open = true},
                 "share of a part's elements in a sample");
    visitor.integer("block", x.block, at_least(0),
                    "elements of a layer that are sent or left out as one; 0: "
                    "all of a layer");
    visitor.real("unchange_rate", x.threshold.unchange_rate, between(0, 100),
                 "percent of unchanged elements from which on a part is left "
                 "out, at the start");
    visitor.real("adjust_rate", x.threshold.adjust_rate, between(0, 100),
                 "how far one adjustment moves it; 0: it stays");
    visitor.real("lower_bound", x.threshold.lower_bound, between(0, 100),
                 "it never goes below this one");
    visitor.real("max_bound", x.threshold.max_bound, between(0, 100),
                 "it never goes above this one");
    visitor.integer("scheduling_freq", x.threshold.scheduling_freq, at_least(1),
                    "messages from one adjustment to the next");
    visitor.integer("history_length", x.threshold.history_length, at_least(1),
                    "metrics an adjustment looks at: down if none of them "
                    "rose, else up");
    visitor.choice("metric", x.metric, {"loss", "accuracy"},
                   "of training, the mean between two adjustments");
    x.values.describe(visitor);
    visitor.boolean("residual", x.residual,
                    "send later what was left out; else it is lost, as "
                    "published");
    if (x.detection == "all")
      visitor.idle("sample", "detection is \"all\"");
    if (x.threshold.adjust_rate == 0)
      for (auto name : {"lower_bound", "max_bound", "scheduling_freq",
                        "history_length", "metric"})
        visitor.idle(name, "adjust_rate is 0");
  }

  std::unique_ptr<reducer> make(const parameter_layout& layout,
                                random_stream& stream) const override {
    return std::make_unique<caps_reducer>(options_, layout, stream);
  }

  void check() const override {
    const auto& x = options_.threshold;
    caps::check(x);
    if (x.adjust_rate > 0
        && !between(x.lower_bound, x.max_bound).contains(x.unchange_rate))
      throw input_error(fmt::format(
        "caps: unchange_rate {} lies outside lower_bound {} to max_bound {}; "
        "adjust_rate = 0 keeps it where it is",
        x.unchange_rate, x.lower_bound, x.max_bound));
  }

private:
  caps_options options_;
};

} // namespace

std::unique_ptr<reducer_recipe> caps_skipping() {
  return std::make_unique<caps_recipe>();
}

} // namespace caps
