#pragma once

#include "messages/types.hpp"
#include "models/errors.hpp"

#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace caps {

/// The types of messages from plug-ins that may travel between processes, in
/// blocks as CAF declares them (`CAF_BEGIN_TYPE_ID_BLOCK`).
class message_registry {
public:
  message_registry() {
    // Their names are taken.
    add_names<caf::id_block::caps_messages>();
  }

  /// Adds the types of a block, such as `caf::id_block::my_protocol`. Throws
  /// `input_error` if one of the names is taken: types travel by name.
  template <class Block>
  void add() {
    add_names<Block>();
    blocks_.push_back([](caf::actor_system_config& config) {
      config.add_message_types<Block>();
    });
  }

  /// Makes the types known to an actor system.
  void configure(caf::actor_system_config& config) const {
    for (auto add_block : blocks_)
      add_block(config);
  }

private:
  template <class Block>
  void add_names() {
    constexpr auto count = static_cast<size_t>(Block::end - Block::begin);
    [this]<size_t... Is>(std::index_sequence<Is...>) {
      (add_name(caf::type_name_by_id<Block::begin + Is>::value), ...);
    }
    (std::make_index_sequence<count>{});
  }

  void add_name(std::string name) {
    if (std::ranges::find(names_, name) != names_.end())
      throw input_error("message type '" + name + "' is registered twice");
    names_.push_back(std::move(name));
  }

  std::vector<std::string> names_;
  std::vector<void (*)(caf::actor_system_config&)> blocks_;
};

} // namespace caps
