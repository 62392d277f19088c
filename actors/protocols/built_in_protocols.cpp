#include "actors/node/protocol.hpp"
#include "actors/protocols/async_sgd.hpp"
#include "actors/protocols/c_admm.hpp"
#include "actors/protocols/choco.hpp"
#include "actors/protocols/d_squared.hpp"
#include "actors/protocols/dsgd.hpp"
#include "actors/protocols/gossip.hpp"
#include "actors/protocols/gradient_tracking.hpp"
#include "actors/protocols/isvr.hpp"
#include "actors/protocols/pdmm_sgd.hpp"
#include "actors/protocols/push_sum.hpp"
#include "actors/protocols/sync_sgd.hpp"

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
  result.add({"push_sum",
              "stochastic gradient push, for directed graphs (Assran et al. "
              "2019)",
              push_sum});
  result.add({"choco_sgd",
              "CHOCO-SGD: compressed differences to public copies (Koloskova "
              "et al. 2019)",
              choco_sgd});
  result.add({"d_squared",
              "D^2: takes out the difference between the nodes' data (Tang et "
              "al. 2018)",
              d_squared});
  result.add({"gradient_tracking",
              "steps along a tracker of the mean gradient (Nedic et al. 2017)",
              gradient_tracking});
  result.add({"sync_sgd",
              "parameter server: one update with the average of all workers' "
              "gradients",
              sync_sgd});
  result.add({"async_sgd",
              "parameter server: an update with every gradient as it comes",
              async_sgd});
  return result;
}

} // namespace caps
