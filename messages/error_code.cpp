#include "messages/error_code.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/message.hpp>

namespace caps {

namespace {

/// The name under which CAF knows our errors.
const auto category = caf::atom("caps");

} // namespace

std::string to_string(error_code code) {
  switch (code) {
    case error_code::none:
      return "none";
    case error_code::malformed_payload:
      return "malformed payload";
    case error_code::truncated_payload:
      return "truncated payload";
    case error_code::oversized_payload:
      return "oversized payload";
    case error_code::mismatched_payload:
      return "mismatched payload";
    case error_code::mismatched_scenario:
      return "mismatched scenario";
    case error_code::unknown_sender:
      return "unknown sender";
    case error_code::deadline_passed:
      return "deadline passed";
    case error_code::diverged:
      return "diverged";
    case error_code::node_lost:
      return "node lost";
    case error_code::node_crashed:
      return "node crashed";
    case error_code::fault:
      return "fault";
  }
  return "unknown error";
}

caf::error make_error(error_code code, std::string text) {
  return {static_cast<uint8_t>(code), category,
          caf::make_message(std::move(text))};
}

std::string describe(const caf::actor_system& sys, const caf::error& what) {
  if (what.category() == category
      && what.context().match_elements<std::string>())
    return what.context().get_as<std::string>(0);
  return sys.render(what);
}

void add_error_codes(caf::actor_system_config& config) {
  auto render = [](uint8_t code, caf::atom_value, const caf::message& text) {
    auto result = to_string(static_cast<error_code>(code));
    if (text.match_elements<std::string>())
      result += ": " + text.get_as<std::string>(0);
    return result;
  };
  config.add_error_category(category, render);
}

} // namespace caps
