#include "actors/protocol.hpp"
#include "actors/protocols/c_admm.hpp"
#include "actors/protocols/dsgd.hpp"
#include "actors/protocols/gossip.hpp"
#include "actors/protocols/isvr.hpp"
#include "actors/protocols/pdmm_sgd.hpp"

namespace caps {

registry<protocol_recipe> built_in_protocols() {
  registry<protocol_recipe> result{"protocol"};
  result.add({"dsgd",
              "decentralized SGD: local update, then average with all "
              "neighbours (Lian et al. 2017)",
              dsgd});
  result.add({"gossip_sgd",
              "gossip SGD: local update, then average with one neighbour after "
              "the other (Niwa et al. 2020)",
              gossip_sgd});
  result.add({"pdmm_sgd",
              "primal-dual method of multipliers, swaps dual variables (Niwa "
              "et al. 2020)",
              pdmm_sgd});
  result.add({"admm_sgd",
              "pdmm_sgd with averaged dual variables (Niwa et al. 2020)",
              admm_sgd});
  result.add({"pdmm_isvr",
              "implicit stochastic variance reduction by PDMM (Niwa et al. "
              "2021)",
              pdmm_isvr});
  result.add({"admm_isvr",
              "implicit stochastic variance reduction by ADMM (Niwa et al. "
              "2021)",
              admm_isvr});
  result.add({"c_admm",
              "linearized decentralized consensus ADMM (Ling et al. 2015)",
              c_admm});
  return result;
}

} // namespace caps
