#pragma once

#include "actors/protocols/swapping.hpp"
#include "models/consensus/dual_edge.hpp"
#include "models/flat_buffer.hpp"

#include <span>

namespace caps {

/// The common part of the protocols that reach consensus through a dual
/// variable per edge (PDMM and ADMM, with SGD or ISVR): keeps the duals of
/// both directions and swaps them. A derived class only names its rule.
class dual_swapping : public swapping {
public:
  caf::behavior behavior() override;
  bool visit_state(state_visitor& visitor) override;

protected:
  struct traits {
    /// a_ij by the ids of the two ends.
    double (*sign)(int64_t own, int64_t other) = nullptr;
    /// Whether messages also carry the parameters (a proximity term).
    bool sends_weights = false;
  };

  dual_swapping(node_context& node, const traits& how);

  /// One step of the rule: from `weights` and `gradient` to `next`, preparing
  /// the duals of all edges.
  virtual void apply_rule(const at::Tensor& weights, const at::Tensor& gradient,
                          std::span<const dual_edge> edges,
                          const at::Tensor& next)
    = 0;

private:
  void begin() override;
  void send_to(size_t index) override;
  void update() override;
  bool edges_changed(const edge_changes& x) override;
  dual_edge new_edge(node_id other);
  void take(const dual& x);

  /// The gradient the rule works with: the optimizer's view of the node's.
  at::Tensor rule_gradient();

  traits how_;
  std::vector<dual_edge> edges_;
  /// The duals for each neighbour.
  std::vector<flat_buffer> prepared_;
  /// Holds the optimizer's direction when it is not the gradient itself.
  at::Tensor direction_;
};

} // namespace caps
