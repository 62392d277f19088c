#include "actors/protocols/c_admm.hpp"

#include "actors/protocols/swapping.hpp"
#include "models/consensus/c_admm.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/zeros_like.h>

namespace caps {

namespace {

class c_admm_protocol final : public swapping {
public:
  c_admm_protocol(node_context& node, const c_admm_options& options)
    : swapping(node, swap_order::update_then_swap), options_(options) {}

  caf::behavior behavior() override {
    return handlers_for_parameters(received_);
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "received", received_);
    visit_value(visitor, "multiplier", multiplier_);
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    received_.assign(context().in_neighbours().size(), start);
    multiplier_ = at::zeros_like(start);
  }

  void send_to(size_t index) override {
    send(index, parameters{{}, context().lend_weights()});
  }

  /// The multipliers of all nodes sum to zero, as at the beginning: without
  /// those who are gone they would not.
  bool edges_changed(const edge_changes& x) override {
    const auto& own = context().parameters().weights().read();
    edge_changes::carry_or(received_, x.in, own);
    multiplier_ = at::zeros_like(own);
    return true;
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    c_admm(options_, weights.read(), context().parameters().gradient().read(),
           received_, multiplier_, next);
    weights.commit(std::move(next));
  }

  c_admm_options options_;
  /// What each neighbour sent last.
  std::vector<at::Tensor> received_;
  at::Tensor multiplier_;
};

class c_admm_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.real("rho", options_.rho, positive(),
                 "weight of the consensus constraint");
    visitor.real("mu", options_.mu, positive(),
                 "inverse step size; must be large against the curvature of "
                 "the losses");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<c_admm_protocol>(node, options_);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false, .optimizer = false, .buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, "c_admm");
    caps::check(options_);
    require_every_step(node, "c_admm");
  }

private:
  c_admm_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> c_admm() {
  return std::make_unique<c_admm_recipe>();
}

} // namespace caps
