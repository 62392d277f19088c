#include "actors/link_model.hpp"

namespace caps {

void link_model::describe(option_visitor& visitor) {
  visitor.time("latency", latency, "time from sending to delivery");
}

} // namespace caps
