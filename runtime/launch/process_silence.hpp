#pragma once

#include "actors/membership/membership.hpp"
#include "runtime/process/silence.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace caps {

/// How long processes of a run may give no sign of life: as its membership
/// says, or, where there is none, ten seconds, after which the run ends. Throws
/// `input_error` for less than processes can keep.
silence silence_of(const std::shared_ptr<const membership_rules>& rules);

nlohmann::json json_of(const silence& x);

/// Throws an exception of JSON for what is none.
silence silence_from(const nlohmann::json& x);

} // namespace caps
