#include "actors/node/batch_quality.hpp"

#include "models/state_values.hpp"

#include <limits>

namespace caps {

void batch_quality::move_to(node_snapshot& x, int64_t classes) {
  constexpr auto unknown = std::numeric_limits<double>::quiet_NaN();
  auto share = [](double part, int64_t whole) {
    return whole > 0 ? part / static_cast<double>(whole) : unknown;
  };
  x.train_loss = share(loss_, steps_);
  x.train_accuracy = classes == 0
                       ? unknown
                       : share(static_cast<double>(correct_), samples_);
  *this = {};
}

void batch_quality::visit_state(state_visitor& visitor) {
  visitor.enter("epoch");
  visit_value(visitor, "loss", loss_);
  visit_value(visitor, "steps", steps_);
  visit_value(visitor, "correct", correct_);
  visit_value(visitor, "samples", samples_);
  visitor.leave();
}

} // namespace caps
