#include "actors/protocol.hpp"
#include "actors/protocols/dsgd.hpp"

namespace caps {

registry<protocol_recipe> built_in_protocols() {
  registry<protocol_recipe> result{"protocol"};
  result.add({"dsgd",
              "decentralized SGD, synchronous: local update, then average with "
              "all neighbours (Lian et al. 2017)",
              dsgd});
  return result;
}

} // namespace caps
