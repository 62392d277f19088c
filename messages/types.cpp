#include "messages/types.hpp"

#include "messages/actors.hpp"
#include "messages/compressed.hpp"
#include "messages/error_code.hpp"
#include "messages/membership.hpp"

#include <caf/actor_system_config.hpp>

namespace caps {

void add_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::caps_messages>();
  add_error_codes(config);
}

} // namespace caps
