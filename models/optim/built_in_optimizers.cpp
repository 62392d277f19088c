#include "models/optim/lars.hpp"
#include "models/optim/optimizer.hpp"
#include "models/optim/sgd.hpp"

namespace caps {

registry<optimizer_recipe> built_in_optimizers() {
  registry<optimizer_recipe> result{"optimizer"};
  result.add({"sgd",
              "stochastic gradient descent with momentum, as torch.optim.SGD",
              [] { return std::make_unique<sgd_recipe>(); }});
  result.add({"lars",
              "layer-wise adaptive rate scaling for large batches (You et al. "
              "2017)",
              [] { return std::make_unique<lars_recipe>(); }});
  return result;
}

} // namespace caps
