#include "actors/protocols/gossip.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/swapping.hpp"
#include "models/consensus/gossip.hpp"
#include "models/state_values.hpp"

#include <algorithm>

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
    if (context().averages_buffers())
      visit_buffers(visitor, "buffers_sent", buffers_sent_,
                    context().parameters().buffers().read());
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    auto neighbours = context().in_neighbours().size();
    received_.assign(neighbours, start);
    sent_ = copies_of(start, neighbours);
    if (context().averages_buffers())
      buffers_sent_
        = copies_of(context().parameters().buffers().read(), neighbours);
  }

  static std::vector<flat_buffer> copies_of(const at::Tensor& x, size_t count) {
    std::vector<flat_buffer> result;
    for (size_t i = 0; i < count; ++i)
      result.emplace_back(x.numel(), x.options()).writable().copy_(x);
    return result;
  }

  void send_to(size_t index) override {
    send(index, parameters{{}, to_payload(sent_[index].read())});
  }

  bool edges_changed(const edge_changes& x) override {
    const auto& own = context().parameters().weights().read();
    edge_changes::carry_or(received_, x.in, own);
    carry_copies(sent_, x.out, own);
    if (context().averages_buffers())
      carry_copies(buffers_sent_, x.out,
                   context().parameters().buffers().read());
    return true;
  }

  static void carry_copies(std::vector<flat_buffer>& copies,
                           const edge_changes::positions& from,
                           const at::Tensor& fresh) {
    edge_changes::carry(copies, from, [&](size_t) {
      return std::move(copies_of(fresh, 1).front());
    });
  }

  void update() override {
    auto& weights = context().parameters().weights();
    auto next = weights.target();
    context().optimizer().step(weights.read(),
                               context().parameters().gradient().read(), next);
    mix(next, received_, sent_, next);
    weights.commit(std::move(next));
  }

  tensor_payload buffers_for(size_t index) override {
    return to_payload(buffers_sent_[index].read());
  }

  void average_buffers(const at::Tensor& own, const heard_buffers& heard,
                       const at::Tensor& next) override {
    mix(own, heard.last, buffers_sent_, next);
  }

  static void mix(const at::Tensor& own,
                  const std::vector<at::Tensor>& received,
                  std::vector<flat_buffer>& sent, const at::Tensor& next) {
    std::vector<at::Tensor> targets(sent.size());
    std::ranges::transform(sent, targets.begin(), &flat_buffer::target);
    gossip(own, received, targets, next);
    for (size_t i = 0; i < sent.size(); ++i)
      sent[i].commit(std::move(targets[i]));
  }

  /// What each neighbour sent last.
  std::vector<at::Tensor> received_;
  /// What is for each neighbour: the parameters right after its turn.
  std::vector<flat_buffer> sent_;
  /// The same of the buffers, if they are averaged.
  std::vector<flat_buffer> buffers_sent_;
};

class gossip_recipe final : public protocol_recipe {
public:
  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<gossip_protocol>(node);
  }

  used_settings uses(const swap_plan&) const override {
    return {.mixing = false, .buffers = true};
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
