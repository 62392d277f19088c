#include "models/nets/net_summary.hpp"

namespace caps {

net_summary summarize(const net& x, at::ScalarType dtype) {
  auto size = static_cast<int64_t>(c10::elementSize(dtype));
  net_summary result;
  result.parameters = x.layout().numel();
  result.buffers = x.layout().buffer_numel();
  result.bytes = (result.parameters + result.buffers) * size;
  result.parameter_bytes = result.parameters * size;
  result.multiply_adds = x.multiply_adds();
  return result;
}

} // namespace caps
