#include "runtime/launch/process_silence.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/process/heartbeat.hpp"

#include <fmt/format.h>

namespace caps {

silence silence_of(const std::shared_ptr<const membership_rules>& rules) {
  // There is one every 100 ms, from hosts every 250 ms.
  constexpr auto least = std::chrono::milliseconds{500};
  if (rules == nullptr)
    return silence{heartbeat::limit};
  if (rules->adapts)
    return {};
  if (rules->deadline < least)
    throw input_error(fmt::format("membership.deadline: of processes it must "
                                  "be at least {}, not {}",
                                  to_text(least), to_text(rules->deadline)));
  return silence{rules->deadline};
}

nlohmann::json json_of(const silence& x) {
  return x.fixed() ? nlohmann::json(x.fixed()->count()) : nlohmann::json{};
}

silence silence_from(const nlohmann::json& x) {
  return x.is_null() ? silence{}
                     : silence{std::chrono::nanoseconds{x.get<int64_t>()}};
}

} // namespace caps
