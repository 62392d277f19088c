#pragma once

#include "messages/types.hpp"
#include "models/compression/reducer.hpp"

#include <vector>

namespace caps {

/// Appends what a node's reducers left out, as metrics of its protocol:
/// `bytes_saved`, `skipped_share` of each layer, `skip_threshold`.
void add_metrics(const reduction_record& x, std::vector<metric_value>& metrics);

} // namespace caps
