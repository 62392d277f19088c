#include "models/optim/optimizer.hpp"

namespace caps {

void optimizer::visit_state(state_visitor& visitor) {
  visitor.real("learning_rate", learning_rate_);
}

} // namespace caps
