#include "actors/protocols/gossip.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/swapping.hpp"
#include "models/consensus/gossip.hpp"
#include "models/state_values.hpp"

namespace caps {

namespace {

class gossip_protocol final : public swapping {
public:
  explicit gossip_protocol(node_context& node)
    : swapping(node, swap_order::update_then_swap) {}

  caf::behavior behavior() override {
    return handlers_for_parameters(received_);
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "received", received_);
    visit_buffers(visitor, "sent", sent_,
                  context().parameters().weights().read());
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    for (size_t i = 0; i < context().in_neighbours().size(); ++i) {
      received_.push_back(start);
      sent_.emplace_back(start.numel(), start.options());
      sent_.back().writable().copy_(start);
    }
  }

  void send_to(size_t index) override {
    context().send(context().out_neighbours()[index],
                   parameters{{}, to_payload(sent_[index].read())});
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    context().optimizer().step(weights.read(),
                               context().parameters().gradient().read(), next);
    std::vector<at::Tensor> sent;
    for (auto& x : sent_)
      sent.push_back(x.target());
    gossip(next, received_, sent, next);
    for (size_t i = 0; i < sent.size(); ++i)
      sent_[i].commit(std::move(sent[i]));
    weights.commit(std::move(next));
  }

  /// What each neighbour sent last.
  std::vector<at::Tensor> received_;
  /// What is for each neighbour: the parameters right after its turn.
  std::vector<flat_buffer> sent_;
};

class gossip_recipe final : public protocol_recipe {
public:
  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<gossip_protocol>(node);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 1);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, "gossip_sgd");
  }
};

} // namespace

std::unique_ptr<protocol_recipe> gossip_sgd() {
  return std::make_unique<gossip_recipe>();
}

} // namespace caps
