// Goes wrong while it adds its components, as CAPS_TEST_FAULT says.

#include "messages/actors.hpp"
#include "runtime/plugin/plugin.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace {

void add_components(caps::plugin_registrar& to) {
  auto text = std::getenv("CAPS_TEST_FAULT");
  std::string_view fault{text == nullptr ? "" : text};
  auto optimizer = to.optimizers.at("sgd");
  optimizer.name = "twin";
  to.optimizers.add(optimizer);
  if (fault == "twice")
    to.optimizers.add(optimizer);
  if (fault == "taken")
    to.protocols.add({"dsgd", "not the one", nullptr});
  if (fault == "message")
    to.messages.add<caf::id_block::caps_messages>();
  if (fault == "throws")
    throw std::runtime_error("the moon is full");
  if (fault == "throws a number")
    throw 42;
}

} // namespace

CAPS_PLUGIN(add_components)
