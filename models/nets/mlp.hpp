#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"

#include <memory>
#include <vector>

namespace caps {

/// Multinomial logistic regression: one matrix product on the flattened
/// sample. 7,850 parameters for 28 x 28 pixels and 10 classes.
std::shared_ptr<const net> make_logistic(const data_shape& data);

struct mlp_options {
  /// Units of each hidden layer, first to last.
  std::vector<int64_t> hidden = {128};
  /// Dropout rate after each hidden layer.
  double dropout = 0;
  /// Whether batch normalization comes before each ReLU.
  bool batch_norm = false;

  void describe(option_visitor& visitor);
};

/// A multi-layer perceptron on the flattened sample with ReLU between its
/// layers, which are named fc1, fc2, ..., and bn1, bn2, ... between them.
std::shared_ptr<const net> make_mlp(const data_shape& data,
                                    const mlp_options& options);

} // namespace caps
