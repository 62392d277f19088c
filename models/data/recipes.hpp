#pragma once

#include "models/data/dataset.hpp"

#include <memory>

namespace caps {

// The recipes behind `built_in_datasets()`, each in a file of its own.

std::unique_ptr<dataset_recipe> make_mnist_recipe();
std::unique_ptr<dataset_recipe> make_fashion_mnist_recipe();
std::unique_ptr<dataset_recipe> make_cifar10_recipe();
std::unique_ptr<dataset_recipe> make_cifar100_recipe();
std::unique_ptr<dataset_recipe> make_synthetic_recipe();
std::unique_ptr<dataset_recipe> make_least_squares_recipe();

} // namespace caps
