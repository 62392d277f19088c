#include "runtime/report/protocol_csv.hpp"

#include "models/options.hpp"

#include <fmt/format.h>

namespace caps {

void protocol_csv::on_metrics(const node_metrics& x) {
  if (!out_)
    out_.emplace(file_, "node,epoch,step,virtual_time,name,of,at,value");
  auto time = static_cast<double>(x.time) / 1e9;
  std::string lines;
  for (const auto& y : x.values)
    lines += fmt::format("{},{},{},{},{},{},{},{}\n", x.stamp.source, x.epoch,
                         x.stamp.step, to_text(time), y.name, y.of, y.at,
                         to_text(y.value));
  out_->append(lines);
}

} // namespace caps
