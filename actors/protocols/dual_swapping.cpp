#include "actors/protocols/dual_swapping.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/optim/direction.hpp"
#include "models/state_values.hpp"

#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>

namespace caps {

dual_swapping::dual_swapping(node_context& node, const traits& how)
  : swapping(node, swap_order::update_then_swap), how_(how) {}

caf::behavior dual_swapping::behavior() {
  return handlers_for<dual>([this](const dual& x) { take(x); });
}

bool dual_swapping::visit_state(state_visitor& visitor) {
  swapping::visit_state(visitor);
  visit_list(visitor, "edges", edges_, {},
             [&](const std::string& index, dual_edge& x) {
               visitor.enter(index);
               visit_value(visitor, "sign", x.sign);
               visit_value(visitor, "received", x.received);
               visit_value(visitor, "average", x.average);
               visit_value(visitor, "parameters", x.parameters);
               visitor.leave();
             });
  visit_buffers(visitor, "prepared", prepared_,
                context().parameters().weights().read());
  visit_value(visitor, "direction", direction_);
  return true;
}

void dual_swapping::begin() {
  const auto& start = context().parameters().weights().read();
  for (const auto& x : context().in_neighbours()) {
    edges_.push_back(new_edge(x.id));
    prepared_.emplace_back(start.numel(), start.options());
  }
}

dual_edge dual_swapping::new_edge(node_id other) {
  const auto& own = context().parameters().weights().read();
  dual_edge result;
  result.sign = how_.sign(context().id(), other);
  result.received = at::zeros_like(own);
  result.average = own.clone();
  result.parameters = own;
  return result;
}

/// The dual of an edge that is no more goes with it; that of a new one is zero
/// at both ends.
bool dual_swapping::edges_changed(const edge_changes& x) {
  const auto& own = context().parameters().weights().read();
  edge_changes::carry(edges_, x.in, [&](size_t i) {
    return new_edge(context().in_neighbours()[i].id);
  });
  edge_changes::carry(prepared_, x.out, [&](size_t) {
    return flat_buffer{own.numel(), own.options()};
  });
  return true;
}

void dual_swapping::take(const dual& x) {
  auto received = context().accept(x.stamp, x.dual_vector);
  if (!received.defined())
    return;
  auto& edge = edges_[index_of(x.stamp.source)];
  if (how_.sends_weights) {
    auto weights = context().accept(x.stamp, x.weights);
    if (!weights.defined())
      return;
    edge.parameters = std::move(weights);
  }
  edge.received = std::move(received);
}

void dual_swapping::send_to(size_t index) {
  dual content;
  content.dual_vector = to_payload(prepared_[index].read());
  if (how_.sends_weights)
    content.weights = context().lend_weights();
  send(index, std::move(content));
}

void dual_swapping::update() {
  for (size_t i = 0; i < edges_.size(); ++i)
    edges_[i].prepared = prepared_[i].target();
  auto& weights = context().parameters().weights();
  auto next = weights.target();
  apply_rule(weights.read(), rule_gradient(), edges_, next);
  weights.commit(std::move(next));
  for (size_t i = 0; i < edges_.size(); ++i)
    prepared_[i].commit(std::exchange(edges_[i].prepared, {}));
}

at::Tensor dual_swapping::rule_gradient() {
  const auto& gradient = context().parameters().gradient().read();
  if (context().optimizer().is_plain())
    return gradient;
  if (!direction_.defined())
    direction_ = at::empty_like(gradient);
  step_direction(context().optimizer(), context().parameters().weights().read(),
                 gradient, direction_);
  return direction_;
}

} // namespace caps
