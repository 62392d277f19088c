#include "actors/protocols/isvr.hpp"

#include "actors/protocols/dual_swapping.hpp"
#include "models/consensus/isvr.hpp"

namespace caps {

namespace {

class isvr_protocol final : public dual_swapping {
public:
  isvr_protocol(node_context& node, const isvr_options& options, bool averaging)
    : dual_swapping(node, {isvr_sign, false}), options_(options),
      averaging_(averaging) {}

private:
  void apply_rule(const at::Tensor& weights, const at::Tensor& gradient,
                  std::span<const dual_edge> edges,
                  const at::Tensor& next) override {
    auto rate = context().optimizer().learning_rate();
    if (averaging_)
      caps::admm_isvr(options_, rate, weights, gradient, edges, next);
    else
      caps::pdmm_isvr(options_, rate, weights, gradient, edges, next);
  }

  isvr_options options_;
  bool averaging_;
};

class isvr_recipe final : public protocol_recipe {
public:
  explicit isvr_recipe(bool averaging) : averaging_(averaging) {
    options_.piw = averaging ? 2 : 1;
  }

  void describe(option_visitor& visitor) override {
    visitor.real("piw", options_.piw, positive(),
                 "p, weight of the dual variables; below K (E + 1)/E for K "
                 "steps a round and E neighbours");
    visitor.boolean("use_gcoef", options_.use_gcoef,
                    "scale gradients so that nodes with different numbers of "
                    "neighbours agree on the minimizer of the sum");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<isvr_protocol>(node, options_of(node.swaps()),
                                           averaging_);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false, .buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, averaging_ ? "admm_isvr" : "pdmm_isvr");
    isvr_eta(options_of(*node.swaps), node.learning_rate,
             node.in_neighbours.size());
  }

private:
  isvr_options options_of(const swap_plan& swaps) const {
    auto result = options_;
    result.steps_per_round = swaps.schedule->round();
    return result;
  }

  bool averaging_;
  isvr_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> pdmm_isvr() {
  return std::make_unique<isvr_recipe>(false);
}

std::unique_ptr<protocol_recipe> admm_isvr() {
  return std::make_unique<isvr_recipe>(true);
}

} // namespace caps
