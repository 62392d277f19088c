#include "actors/protocols/dsgd.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/compressed_payload.hpp"
#include "actors/protocols/reduction_metrics.hpp"
#include "actors/protocols/swapping.hpp"
#include "messages/compressed.hpp"
#include "models/compression/patchwork.hpp"
#include "models/compression/reducer.hpp"
#include "models/consensus/averaging.hpp"
#include "models/gradient.hpp"
#include "models/optim/update.hpp"
#include "models/state_values.hpp"

#include <deque>
#include <memory>
#include <optional>

namespace caps {

namespace {

struct dsgd_options {
  std::string mix = "last";
  /// What is left out of the parameters that are sent.
  reducer_choice reduction;

  swap_order order() const {
    return mix == "fresh" ? swap_order::swap_within_update
                          : swap_order::update_then_swap;
  }
};

class dsgd_protocol final : public swapping {
public:
  dsgd_protocol(node_context& node, const dsgd_options& options)
    : swapping(node, options.order()), order_(options.order()),
      reduction_(options.reduction.recipe().make(node.parameters().layout(),
                                                 node.stream())) {}

  caf::behavior behavior() override {
    return handlers_for<parameters, partial_parameters>(
      {[this](const parameters& x) { take(x); },
       [this](const partial_parameters& x) { take(x); }});
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "received", received_);
    visit_value(visitor, "fresh", fresh_);
    if (!reduction_)
      return true;
    visit_nested(visitor, "reduction", *reduction_);
    auto update = update_.value_or(partial_parameters{});
    auto has_update = update_.has_value();
    visit_value(visitor, "has_update", has_update);
    context().visit_as_sent(visitor, "update", update);
    if (has_update)
      update_ = std::move(update);
    visit_value(visitor, "last_sent", last_sent_);
    visit_value(visitor, "sends_whole", sends_whole_);
    const patchwork none{context().parameters().weights().read()};
    visit_list(visitor, "copies", copies_, none,
               [&](const std::string& index, patchwork& x) {
                 visit_nested(visitor, index, x);
               });
    for (size_t i = 0; i < copies_.size(); ++i)
      received_[i] = copies_[i].whole();
    return true;
  }

  std::vector<metric_value> metrics() override {
    std::vector<metric_value> result;
    if (reduction_)
      add_metrics(reduction_->record(), result);
    return result;
  }

private:
  void begin() override {
    // Until a neighbour is heard, it is thought to be where this node began.
    const auto& start = context().parameters().weights().read();
    received_.assign(context().in_neighbours().size(), start);
    fresh_.assign(received_.size(), false);
    if (!reduction_)
      return;
    reduction_->start(start);
    for (auto& x : received_)
      x = copies_.emplace_back(start).whole();
    // Who begins among others is known to nobody.
    sends_whole_.assign(context().out_neighbours().size(),
                        context().step() > 0);
  }

  bool edges_changed(const edge_changes& x) override {
    const auto& own = context().parameters().weights().read();
    edge_changes::carry_or(received_, x.in, own);
    edge_changes::carry(fresh_, x.in, [](size_t) { return false; });
    if (!reduction_)
      return true;
    edge_changes::carry(copies_, x.in, [&](size_t) { return patchwork{own}; });
    for (size_t i = 0; i < copies_.size(); ++i)
      received_[i] = copies_[i].whole();
    sends_whole_.clear();
    for (const auto& before : x.out)
      sends_whole_.push_back(!before);
    return true;
  }

  bool needs_every_message() const override { return reduction_ != nullptr; }

  void take(const parameters& x) {
    auto weights = context().accept(x.stamp, x.weights);
    if (!weights.defined())
      return;
    auto i = index_of(x.stamp.source);
    if (reduction_) { // all of what comes in parts from here on
      copies_[i] = patchwork{weights};
      weights = copies_[i].whole();
    }
    received_[i] = std::move(weights);
    fresh_[i] = true;
  }

  void take(const partial_parameters& x) {
    auto i = index_of(x.stamp.source);
    const auto& weights = received_[i];
    copies_.at(i).apply(x.stamp.step, to_compressed(x.content, weights.numel(),
                                                    weights.scalar_type()));
    fresh_[i] = true;
  }

  void send_to(size_t index) override {
    if (!reduction_) {
      send(index, parameters{{}, context().lend_weights()});
      return;
    }
    // All neighbours get the same.
    if (!update_) {
      update_ = partial_parameters{
        {},
        last_sent_,
        to_payload(reduction_->reduce_parameters(
          context().parameters().weights().read(), context().stream()))};
      last_sent_ = static_cast<uint64_t>(context().step());
    }
    if (sends_whole_[index])
      send(index, parameters{{}, to_payload(reduction_->copy().clone())});
    else
      send(index, *update_);
    sends_whole_[index] = false;
  }

  void observe(const gradient_ready& x) override {
    if (reduction_)
      reduction_->observe(x.loss, accuracy(x.correct, x.samples));
  }

  void prepare() override { local_update(); }

  void update() override {
    update_.reset();
    if (order_ == swap_order::update_then_swap)
      local_update();
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    mix(weights.read(), received_, fresh_, next);
    weights.commit(std::move(next));
    fresh_.assign(fresh_.size(), false);
  }

  void average_buffers(const at::Tensor& own, const heard_buffers& heard,
                       const at::Tensor& next) override {
    mix(own, heard.last, heard.fresh, next);
  }

  void local_update() {
    caps::update(context().optimizer(), context().parameters().weights(),
                 context().parameters().gradient().read());
  }

  void mix(const at::Tensor& own, const std::vector<at::Tensor>& received,
           const std::vector<bool>& fresh, const at::Tensor& next) {
    if (!context().swaps().schedule->one_peer()) {
      average(own, context().self_weight(), received, mixing(), next);
      return;
    }
    // With one partner at a time, only those just heard from count.
    average_uniformly(own, fresh_of<at::Tensor>(received, fresh), next);
  }

  swap_order order_;
  /// Null if parameters are sent whole.
  std::unique_ptr<reducer> reduction_;
  /// What is sent after this update, once it is known.
  std::optional<partial_parameters> update_;
  /// The version sent before.
  uint64_t last_sent_ = 0;
  /// What each in-neighbour sent last, or what is known of its parameters.
  std::vector<at::Tensor> received_;
  /// Behind `received_` if parameters are not sent whole.
  std::deque<patchwork> copies_;
  /// Whether it came since the last update.
  std::vector<bool> fresh_;
  /// Whether an out-neighbour is sent all parameters next, with a compressor.
  std::vector<bool> sends_whole_;
};

class dsgd_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.choice("mix", options_.mix, {"last", "fresh"},
                   "average with what neighbours sent last, as published, or "
                   "with their fresh updates of the same step");
    options_.reduction.describe(visitor);
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<dsgd_protocol>(node, options_);
  }

  used_settings uses(const swap_plan& swaps) const override {
    // With one partner at a time both take the mean.
    return {.mixing = !swaps.schedule->one_peer(), .buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    options_.reduction.recipe().check();
    if (options_.reduction.none())
      return;
    require_every_step(node, "dsgd with a compressor");
    if (!node.same_start)
      throw input_error("dsgd with a compressor sends changes alone: all nodes "
                        "must start from the same parameters, "
                        "training.same_start = true");
  }

private:
  dsgd_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> dsgd() {
  return std::make_unique<dsgd_recipe>();
}

} // namespace caps
