#include "runtime/report/weights_files.hpp"

#include "actors/node/payload_tensor.hpp"
#include "models/checkpoint/weights.hpp"

#include <fmt/format.h>

namespace caps {

void weights_files::on_snapshot(const node_snapshot& x) {
  if (!x.final)
    return;
  auto contents = export_weights(*layout_, to_tensor(x.weights).cpu(),
                                 to_tensor(x.buffers).cpu());
  contents.metadata["scenario"] = scenario_name_;
  contents.metadata["node"] = std::to_string(x.stamp.source);
  contents.metadata["step"] = std::to_string(x.stamp.step);
  write_safetensors(folder_
                      / fmt::format("{}.safetensors", x.stamp.source),
                    contents);
}

} // namespace caps
