#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"
#include "runtime/plugin/plugin.hpp"
namespace momentum_gossip { struct state; }
CAF_BEGIN_TYPE_ID_BLOCK(momentum_gossip, caf::id_block::caps_messages::end)
  CAF_ADD_TYPE_ID(momentum_gossip, (momentum_gossip::state))
CAF_END_TYPE_ID_BLOCK(momentum_gossip)
namespace momentum_gossip {
using namespace caps;
struct state { // what a node sends: where it is, and where it is heading
  message_stamp stamp;
  tensor_payload weights, momentum;
};
template <class F> typename F::result_type inspect(F& f, state& x) {
  return f(caf::meta::type_name("state"), x.stamp, x.weights, x.momentum);
}
struct node final : swapping { // averages its momentum too (Yu et al. 2019)
  node(node_context& context, double beta)
    : swapping(context, swap_order::swap_within_update), beta_(beta) {}
  caf::behavior behavior() override { // what messages do when it is their turn
    return handlers_for<state>([this](const state& x) {
      auto i = index_of(x.stamp.source);
      weights_of_[i] = context().accept(x.stamp, x.weights);
      momentum_of_[i] = context().accept(x.stamp, x.momentum);
    });
  }
  bool visit_state(state_visitor& visitor) override { // what snapshots hold
    visit_value(visitor, "momentum", momentum_);
    visit_value(visitor, "weights_of", weights_of_);
    visit_value(visitor, "momentum_of", momentum_of_);
    return swapping::visit_state(visitor);
  }
  void begin() override { // all are thought to be where this node begins
    momentum_ = weights().read().new_zeros(weights().read().sizes());
    weights_of_.assign(mixing().size(), weights().read());
    momentum_of_.assign(mixing().size(), momentum_);
  }
  bool edges_changed(const edge_changes& x) override { // nodes came or went
    edge_changes::carry_or(weights_of_, x.in, weights().read());
    edge_changes::carry_or(momentum_of_, x.in, momentum_);
    return true;
  }
  void prepare() override { // the local step, once the gradient has come
    const auto& gradient = context().parameters().gradient().read();
    momentum_ = momentum_.mul(beta_).add(gradient);
    auto rate = context().optimizer().learning_rate();
    weights().adopt(weights().read().sub(momentum_, rate));
  }
  void send_to(size_t i) override {
    context().send(context().out_neighbours()[i], state{
      {}, context().lend_weights(), to_payload(momentum_)});
  }
  void update() override { // once the neighbours' messages have come
    weights().adopt(averaged(weights().read(), weights_of_));
    momentum_ = averaged(momentum_, momentum_of_);
  }
  at::Tensor averaged(const at::Tensor& x, std::span<const at::Tensor> others) {
    auto result = x.new_empty(x.sizes()); // messages share the memory of x
    average(x, context().self_weight(), others, mixing(), result);
    return result;
  }
  flat_buffer& weights() { return context().parameters().weights(); }
  double beta_;
  at::Tensor momentum_;
  std::vector<at::Tensor> weights_of_, momentum_of_; // as they sent them last
};
struct recipe final : protocol_recipe {
  void describe(option_visitor& visitor) override {
    visitor.real("beta", beta_, between_open(0, 1), "share of momentum kept");
  }
  std::unique_ptr<protocol> make(node_context& context) const override {
    return std::make_unique<node>(context, beta_);
  }
  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 2);
  }
  double beta_ = 0.9;
};
void add_components(plugin_registrar& to) {
  to.messages.add<caf::id_block::momentum_gossip>();
  to.protocols.add({"momentum_gossip", "SGD whose momentum is averaged too",
                    [] { return std::make_unique<recipe>(); }});
}
} // namespace momentum_gossip
CAPS_PLUGIN(momentum_gossip::add_components)
