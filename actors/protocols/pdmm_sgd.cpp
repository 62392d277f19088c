#include "actors/protocols/pdmm_sgd.hpp"

#include "actors/protocols/dual_swapping.hpp"
#include "models/consensus/pdmm_sgd.hpp"

namespace caps {

namespace {

class pdmm_sgd_protocol final : public dual_swapping {
public:
  pdmm_sgd_protocol(node_context& node, const pdmm_sgd_options& options,
                    bool averaging)
    : dual_swapping(node, {pdmm_sgd_sign, options.rho > 0}), options_(options),
      averaging_(averaging) {}

private:
  void apply_rule(const at::Tensor& weights, const at::Tensor& gradient,
                  std::span<const dual_edge> edges,
                  const at::Tensor& next) override {
    auto rate = context().optimizer().learning_rate();
    const auto& layout = context().parameters().layout();
    if (averaging_)
      caps::admm_sgd(options_, rate, layout, weights, gradient, edges, next);
    else
      caps::pdmm_sgd(options_, rate, layout, weights, gradient, edges, next);
  }

  pdmm_sgd_options options_;
  bool averaging_;
};

class pdmm_sgd_recipe final : public protocol_recipe {
public:
  explicit pdmm_sgd_recipe(bool averaging) : averaging_(averaging) {}

  void describe(option_visitor& visitor) override {
    visitor.real("mu", options_.mu, positive(),
                 "mu_0: the inverse learning rate that eta refers to");
    visitor.real("eta", options_.eta, positive(),
                 "weight of the dual variables at that learning rate");
    visitor.real("rho", options_.rho, non_negative(),
                 "pull towards the neighbours' parameters; 0 for none, which "
                 "halves the messages");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<pdmm_sgd_protocol>(node, options_, averaging_);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false, .buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, options_.rho > 0 ? 2 : 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, averaging_ ? "admm_sgd" : "pdmm_sgd");
    caps::check(options_);
  }

private:
  bool averaging_;
  pdmm_sgd_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> pdmm_sgd() {
  return std::make_unique<pdmm_sgd_recipe>(false);
}

std::unique_ptr<protocol_recipe> admm_sgd() {
  return std::make_unique<pdmm_sgd_recipe>(true);
}

} // namespace caps
