#include "actors/protocols/reduction_metrics.hpp"

namespace caps {

void add_metrics(const reduction_record& x,
                 std::vector<metric_value>& metrics) {
  metrics.push_back(
    {"bytes_saved", "", 0,
     static_cast<double>(x.bytes) - static_cast<double>(x.bytes_sent)});
  for (const auto& [name, layer] : x.layers)
    if (layer.elements > 0)
      metrics.push_back({"skipped_share", name, 0,
                         static_cast<double>(layer.skipped)
                           / static_cast<double>(layer.elements)});
  if (x.threshold)
    metrics.push_back({"skip_threshold", "", 0, *x.threshold});
}

} // namespace caps
