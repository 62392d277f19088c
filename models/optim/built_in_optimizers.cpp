#include "models/optim/adam.hpp"
#include "models/optim/lars.hpp"
#include "models/optim/optimizer.hpp"
#include "models/optim/sgd.hpp"

namespace caps {

registry<optimizer_recipe> built_in_optimizers() {
  registry<optimizer_recipe> result{"optimizer"};
  result.add({"sgd",
              "stochastic gradient descent with momentum, as torch.optim.SGD",
              [] { return std::make_unique<sgd_recipe>(); }});
  result.add({"adam", "Adam with l2 decay, as torch.optim.Adam",
              [] { return std::make_unique<adam_recipe>(false); }});
  result.add({"adamw", "Adam with decoupled decay, as torch.optim.AdamW",
              [] { return std::make_unique<adam_recipe>(true); }});
  result.add({"lars",
              "layer-wise adaptive rate scaling for large batches (You et al. "
              "2017)",
              [] { return std::make_unique<lars_recipe>(); }});
  return result;
}

} // namespace caps
