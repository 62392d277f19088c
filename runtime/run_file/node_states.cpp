#include "runtime/run_file/node_states.hpp"

namespace caps {

std::string_view to_text(state_kind kind) {
  switch (kind) {
    case state_kind::weights:
      return "weights";
    case state_kind::buffers:
      return "buffers";
    case state_kind::gradient:
      return "grad";
    case state_kind::optimizer:
      return "optimizer";
  }
  return "";
}

} // namespace caps
