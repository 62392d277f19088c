#include "actors/protocols/gradient_tracking.hpp"

#include "actors/node/payload_tensor.hpp"
#include "actors/protocols/swapping.hpp"
#include "models/consensus/averaging.hpp"
#include "models/consensus/gradient_tracking.hpp"
#include "models/optim/update.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/zeros_like.h>

namespace caps {

namespace {

class gradient_tracking_protocol final : public swapping {
public:
  explicit gradient_tracking_protocol(node_context& node)
    : swapping(node, swap_order::swap_within_update),
      tracker_(node.parameters().weights().read().numel(),
               node.parameters().weights().read().options()) {}

  caf::behavior behavior() override {
    return handlers_for<tracked_parameters>(
      [this](const tracked_parameters& x) { take(x); });
  }

  bool visit_state(state_visitor& visitor) override {
    swapping::visit_state(visitor);
    visit_value(visitor, "tracker", tracker_);
    visit_value(visitor, "previous", previous_);
    visit_value(visitor, "weights_received", weights_received_);
    visit_value(visitor, "trackers_received", trackers_received_);
    return true;
  }

private:
  void begin() override {
    const auto& start = context().parameters().weights().read();
    previous_ = at::zeros_like(start);
    weights_received_.assign(mixing().size(), start);
    trackers_received_.assign(mixing().size(), at::zeros_like(start));
  }

  void take(const tracked_parameters& x) {
    auto weights = context().accept(x.stamp, x.weights);
    auto tracker = context().accept(x.stamp, x.tracker);
    if (!weights.defined() || !tracker.defined())
      return;
    auto i = index_of(x.stamp.source);
    weights_received_[i] = std::move(weights);
    trackers_received_[i] = std::move(tracker);
  }

  /// Brings the tracker up to date and steps along it.
  void prepare() override {
    auto tracker = tracker_.target();
    track_gradient(tracker_.read(), context().parameters().gradient().read(),
                   previous_, tracker);
    tracker_.commit(std::move(tracker));
    caps::update(context().optimizer(), context().parameters().weights(),
                 tracker_.read());
  }

  void send_to(size_t index) override {
    send(index, tracked_parameters{{},
                                   context().lend_weights(),
                                   to_payload(tracker_.read())});
  }

  /// All trackers begin anew, so that their sum is that of the gradients of
  /// those who live.
  bool edges_changed(const edge_changes& x) override {
    const auto& own = context().parameters().weights().read();
    edge_changes::carry_or(weights_received_, x.in, own);
    previous_ = at::zeros_like(own);
    edge_changes::carry_or(trackers_received_, x.in, previous_);
    tracker_ = flat_buffer{own.numel(), own.options()};
    return true;
  }

  void update() override {
    mix(context().parameters().weights(), weights_received_);
    mix(tracker_, trackers_received_);
  }

  void mix(flat_buffer& own, const std::vector<at::Tensor>& received) {
    auto next = own.target();
    average(own.read(), context().self_weight(), received, mixing(), next);
    own.commit(std::move(next));
  }

  /// The tracker of the mean gradient, averaged after every step.
  flat_buffer tracker_;
  /// The gradient of the step before.
  at::Tensor previous_;
  /// What each neighbour sent last.
  std::vector<at::Tensor> weights_received_;
  std::vector<at::Tensor> trackers_received_;
};

class gradient_tracking_recipe final : public protocol_recipe {
public:
  std::unique_ptr<protocol> make(node_context& node) const override {
    return std::make_unique<gradient_tracking_protocol>(node);
  }

  used_settings uses(const swap_plan&) const override {
    return {.buffers = true};
  }

  round_cost cost(const node_setting& node) const override {
    return swap_cost(node, 2);
  }

  void check(const node_setting& node) const override {
    require_undirected(node, "gradient_tracking");
    require_every_step(node, "gradient_tracking");
  }
};

} // namespace

std::unique_ptr<protocol_recipe> gradient_tracking() {
  return std::make_unique<gradient_tracking_recipe>();
}

} // namespace caps
