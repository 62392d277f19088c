#include "models/optim/optimizer.hpp"
#include "models/optim/sgd.hpp"

namespace caps {

registry<optimizer_recipe> built_in_optimizers() {
  registry<optimizer_recipe> result{"optimizer"};
  result.add({"sgd",
              "stochastic gradient descent with momentum, as torch.optim.SGD",
              [] { return std::make_unique<sgd_recipe>(); }});
  return result;
}

} // namespace caps
