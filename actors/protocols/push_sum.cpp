#include "actors/protocols/push_sum.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"
#include "models/consensus/push_sum.hpp"
#include "models/state_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

/// A node's y does not get smaller when steps are made on z: nodes that nobody
/// sends to any more (the others have finished) would give away all they have.
constexpr double smallest_weight = 1e-6;

struct push_sum_options {
  std::string step_on = "sum";
};

class push_sum_protocol final : public swapping {
public:
  push_sum_protocol(node_context& node, const push_sum_options& options)
    : swapping(node, swap_order::swap_within_update),
      steps_on_ratio_(options.step_on == "ratio"),
      sum_(node.parameters().weights().read().numel(),
           node.parameters().weights().read().options()),
      part_(sum_), weights_of_(node.in_neighbours().size()) {}

  caf::behavior behavior() override {
    return handlers_for<weighted_parameters>(
      [this](const weighted_parameters& x) { take(x); });
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    auto visit_mass = [&](const std::string& name, push_sum_mass& x) {
      visit_value(visitor, name + " x", x.x);
      visit_value(visitor, name + " y", x.y);
    };
    visit_value(visitor, "sum", sum_);
    visit_value(visitor, "weight", weight_);
    visit_mass("kept", kept_);
    visit_list(visitor, "received", received_, {}, visit_mass);
    return true;
  }

private:
  void begin() override { count_as_one(); }

  /// Those who are gone took something with them, and those who begin bring
  /// more: everybody who lives counts as one again, with what it is at.
  bool edges_changed(const edge_changes& x) override {
    edge_changes::carry_or(weights_of_, x.in, 0.);
    count_as_one();
    return true;
  }

  void count_as_one() {
    sum_.writable().copy_(context().parameters().weights().read());
    weight_ = 1;
  }

  bool needs_every_message() const override { return true; }

  void take(const weighted_parameters& x) {
    auto part = context().accept(x.stamp, x.weights);
    if (!part.defined())
      return;
    if (!(x.weight > 0) || !std::isfinite(x.weight)) {
      context().fail(error_code::mismatched_payload,
                     fmt::format("node {} received parameters of weight {} "
                                 "from node {}",
                                 context().id(), x.weight, x.stamp.source));
      return;
    }
    received_.push_back({std::move(part), x.weight});
    weights_of_[index_of(x.stamp.source)] = x.weight;
  }

  /// The local update, and the division of the sums.
  void prepare() override {
    const auto& from = steps_on_ratio_ ? context().parameters().weights().read()
                                       : sum_.read();
    auto next = sum_.target();
    context().optimizer().step(from, context().parameters().gradient().read(),
                               next);
    auto part = part_.target();
    kept_ = steps_on_ratio_
              ? push_sum_share_ratio(next, std::max(weight_, smallest_weight),
                                     receivers(), part)
              : push_sum_share({next, weight_}, receivers(), part);
    sum_.commit(std::move(next));
    part_.commit(std::move(part));
  }

  size_t receivers() {
    const auto& schedule = *context().swaps().schedule;
    return static_cast<size_t>(
      std::ranges::count_if(context().out_neighbours(), [&](node_id to) {
        return schedule.due(context().step(), context().id(), to);
      }));
  }

  void send_to(size_t index) override {
    send(index, weighted_parameters{{}, to_payload(kept_.x), kept_.y});
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto sum = sum_.target();
    auto quotient = weights.target();
    weight_ = push_sum_gather(kept_, received_, sum, quotient).y;
    sum_.commit(std::move(sum));
    weights.commit(std::move(quotient));
    received_.clear();
    kept_ = {};
  }

  /// Buffers count as much as the sums that came with them.
  void average_buffers(const at::Tensor& own, const heard_buffers& heard,
                       const at::Tensor& next) override {
    average_masses(own, kept_.y, heard.last, heard.fresh, weights_of_, next);
  }

  bool steps_on_ratio_;
  /// The node's sums x and y; its parameters are x/y.
  flat_buffer sum_;
  double weight_ = 1;
  /// What everybody gets, the node included.
  flat_buffer part_;
  push_sum_mass kept_;
  std::vector<push_sum_mass> received_;
  /// The weight in the last message of each in-neighbour.
  std::vector<double> weights_of_;
};

class push_sum_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.choice("step_on", options_.step_on, {"sum", "ratio"},
                   "what the local step is made on: the node's sum, as "
                   "published, or the ratio of its sums, which bears lost "
                   "messages and nodes of different speed");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<push_sum_protocol>(node, options_);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false, .buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

private:
  push_sum_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> push_sum() {
  return std::make_unique<push_sum_recipe>();
}

} // namespace caps
