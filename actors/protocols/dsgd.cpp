#include "actors/protocols/dsgd.hpp"

#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"

namespace caps {

namespace {

struct dsgd_options {
  std::string mix = "last";

  swap_order order() const {
    return mix == "fresh" ? swap_order::swap_within_update
                          : swap_order::update_then_swap;
  }
};

class dsgd_protocol final : public swapping {
public:
  dsgd_protocol(node_context& node, const dsgd_options& options)
    : swapping(node, options.order()), order_(options.order()) {}

  caf::behavior behavior() override {
    return handlers_with([this](const parameters& x) {
      receive(x.stamp, [this, x] { take(x); });
    });
  }

private:
  void begin() override {
    // Until a neighbour is heard, it is thought to be where this node began.
    received_.assign(context().in_neighbours().size(),
                     context().parameters().weights().read());
    fresh_.assign(received_.size(), false);
  }

  void take(const parameters& x) {
    auto weights = context().accept(x.stamp, x.weights);
    if (!weights.defined())
      return;
    auto i = index_of(x.stamp.source);
    received_[i] = std::move(weights);
    fresh_[i] = true;
  }

  void send_to(size_t index) override {
    context().send(context().out_neighbours()[index],
                   parameters{{}, context().lend_weights()});
  }

  void prepare() override { local_update(); }

  void update() override {
    if (order_ == swap_order::update_then_swap)
      local_update();
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    if (context().swaps().schedule->one_peer())
      average_fresh(weights.read(), next);
    else
      average_all(weights.read(), next);
    weights.commit(std::move(next));
    fresh_.assign(fresh_.size(), false);
  }

  void local_update() {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    context().optimizer().step(weights.read(),
                               context().parameters().gradient().read(), next);
    weights.commit(std::move(next));
  }

  void average_all(const at::Tensor& weights, const at::Tensor& next) {
    std::vector<double> mixing;
    for (const auto& x : context().in_neighbours())
      mixing.push_back(x.weight);
    average(weights, context().self_weight(), received_, mixing, next);
  }

  /// With one partner at a time, only those just heard from count.
  void average_fresh(const at::Tensor& weights, const at::Tensor& next) {
    std::vector<at::Tensor> heard;
    for (size_t i = 0; i < received_.size(); ++i)
      if (fresh_[i])
        heard.push_back(received_[i]);
    average_uniformly(weights, heard, next);
  }

  swap_order order_;
  /// What each in-neighbour sent last.
  std::vector<at::Tensor> received_;
  /// Whether it came since the last update.
  std::vector<bool> fresh_;
};

class dsgd_recipe final : public protocol_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.choice("mix", options_.mix, {"last", "fresh"},
                   "average with what neighbours sent last, as published, or "
                   "with their fresh updates of the same step");
  }

  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<dsgd_protocol>(node, options_);
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

private:
  dsgd_options options_;
};

} // namespace

std::unique_ptr<protocol_recipe> dsgd() {
  return std::make_unique<dsgd_recipe>();
}

} // namespace caps
