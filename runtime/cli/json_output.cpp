#include "runtime/cli/json_output.hpp"

#include "runtime/process/standard_streams.hpp"

namespace caps {

json_object json_number(const std::optional<double>& x) {
  return x ? json_object(*x) : json_object(nullptr);
}

json_object json_sample(const sample& x) {
  std::optional<double> mean, deviation;
  if (!x.empty())
    mean = x.mean();
  if (x.size() > 1)
    deviation = x.deviation();
  return {{"runs", x.size()},
          {"mean", json_number(mean)},
          {"deviation", json_number(deviation)}};
}

void print_json(const json_object& x) {
  // Names of files may hold any bytes.
  print_text(x.dump(2, ' ', false, json_object::error_handler_t::replace)
             + "\n");
  flush_standard_output();
}

} // namespace caps
