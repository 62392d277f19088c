#pragma once

#include "runtime/recording/recording_writer.hpp"
#include "runtime/run/plan.hpp"

namespace caps {

/// What a recording of this plan starts with.
recording_facts facts_of(run_plan& plan);

} // namespace caps
