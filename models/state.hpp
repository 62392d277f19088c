#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Visits everything a component must remember to go on exactly where it was:
/// momentum, duals, step counts, random streams. A component names each piece
/// once, in `visit_state(state_visitor&)`; saving and restoring are visitors,
/// so the two cannot disagree.
///
/// Names are unique within a component; nesting adds a prefix (`scope`).
class state_visitor {
public:
  virtual ~state_visitor() = default;

  /// A tensor of fixed dtype and shape. An undefined tensor is a valid state
  /// ("not there yet") and is restored as such.
  virtual void tensor(std::string_view name, at::Tensor& value) = 0;

  virtual void integer(std::string_view name, int64_t& value) = 0;

  virtual void real(std::string_view name, double& value) = 0;

  /// Opaque bytes, such as the state of a random generator.
  virtual void bytes(std::string_view name, std::string& value) = 0;

  virtual void integers(std::string_view name, std::vector<int64_t>& value) = 0;

  /// Prefixes the names of everything visited until `leave` with `name` and
  /// a dot.
  virtual void enter(std::string_view name) = 0;
  virtual void leave() = 0;
};

/// Visits the state of `component` under a prefix.
template <class Component>
void visit_nested(state_visitor& visitor, std::string_view name,
                  Component& component) {
  visitor.enter(name);
  component.visit_state(visitor);
  visitor.leave();
}

} // namespace caps
