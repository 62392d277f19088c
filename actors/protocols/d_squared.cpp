#include "actors/protocols/d_squared.hpp"

#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"
#include "models/consensus/d_squared.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/empty_like.h>

namespace caps {

namespace {

class d_squared_protocol final : public swapping {
public:
  explicit d_squared_protocol(node_context& node)
    : swapping(node, swap_order::swap_within_update) {}

  caf::behavior behavior() override {
    return handlers_for_parameters(received_);
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "received", received_);
    visit_value(visitor, "memory", memory_);
    visit_value(visitor, "local", local_);
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    received_.assign(mixing().size(), start);
    memory_ = start.clone();
    local_ = at::empty_like(start);
  }

  /// Makes the half step that is averaged.
  void prepare() override {
    auto& weights = context().parameters().weights();
    context().optimizer().step(
      weights.read(), context().parameters().gradient().read(), local_);
    auto half = weights.target();
    caps::d_squared(weights.read(), local_, memory_, half);
    weights.commit(std::move(half));
  }

  void send_to(size_t index) override {
    send(index, parameters{{}, context().lend_weights()});
  }

  /// The difference that the last step took out was one among the neighbours
  /// of that step: the next one is a plain step again, as the first.
  bool edges_changed(const edge_changes& x) override {
    const auto& own = context().parameters().weights().read();
    edge_changes::carry_or(received_, x.in, own);
    memory_ = own.clone();
    return true;
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    average(weights.read(), context().self_weight(), received_, mixing(), next);
    weights.commit(std::move(next));
  }

  /// What each neighbour sent last.
  std::vector<at::Tensor> received_;
  /// The local update of the step before.
  at::Tensor memory_;
  at::Tensor local_;
};

class d_squared_recipe final : public protocol_recipe {
public:
  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<d_squared_protocol>(node);
  }

  used_settings uses(const swap_plan&) const override {
    return {.buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, "d_squared");
    require_every_step(node, "d_squared");
    // The weights are the same for all nodes; one look is enough.
    if (node.id == 0 && node.mixing != nullptr)
      check_d_squared(*node.mixing);
  }
};

} // namespace

std::unique_ptr<protocol_recipe> d_squared() {
  return std::make_unique<d_squared_recipe>();
}

} // namespace caps
