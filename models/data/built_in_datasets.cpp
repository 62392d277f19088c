#include "models/data/recipes.hpp"

namespace caps {

registry<dataset_recipe> built_in_datasets() {
  registry<dataset_recipe> result{"dataset"};
  result.add({"fashion_mnist",
              "Fashion-MNIST, 70,000 pictures of clothes, 1 x 28 x 28, "
              "10 classes (Xiao, Rasul and Vollgraf 2017)",
              make_fashion_mnist_recipe});
  result.add({"mnist",
              "MNIST, 70,000 handwritten digits, 1 x 28 x 28 (LeCun, Cortes "
              "and Burges 1998)",
              make_mnist_recipe});
  result.add({"synthetic",
              "generated pictures, a Gaussian cloud for each class; needs no "
              "files",
              make_synthetic_recipe});
  result.add({"least_squares",
              "generated linear regression, a row of A and an entry of b for "
              "each sample; needs no files",
              make_least_squares_recipe});
  return result;
}

} // namespace caps
