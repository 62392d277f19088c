#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"

#include <memory>

namespace caps {

struct alexnet_options {
  /// Dropout before each of the two hidden layers.
  double dropout = 0.5;

  void describe(option_visitor& visitor);
};

/// AlexNet (Krizhevsky et al. 2012, channels of Krizhevsky 2014) cut down to
/// small pictures: the same five convolutions and three matrix products, but
/// 3 x 3 kernels and 2 x 2 pooling, and a first stride of 2 instead of 4, so
/// that 32 x 32 pixels end as 2 x 2. 23,272,266 parameters for three
/// channels of that size and 10 classes.
///
/// Throws `input_error` for data that is not pictures of 15 x 15 or more.
std::shared_ptr<const net> make_alexnet(const data_shape& data,
                                        const alexnet_options& options);

} // namespace caps
