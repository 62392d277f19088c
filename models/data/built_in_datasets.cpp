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
  result.add({"cifar10",
              "CIFAR-10, 60,000 photographs, 3 x 32 x 32, 10 classes "
              "(Krizhevsky 2009)",
              make_cifar10_recipe});
  result.add({"cifar100",
              "CIFAR-100, 60,000 photographs, 3 x 32 x 32, 100 classes in 20 "
              "groups (Krizhevsky 2009)",
              make_cifar100_recipe});
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
