#pragma once

#include "models/nets/net.hpp"

#include <memory>

namespace caps {

/// CNN1, the net of PyTorch's MNIST example: two 3 x 3 convolutions of 32 and
/// 64 filters, one pooling, 128 hidden units, dropout 0.25 and 0.5. 1,199,882
/// parameters for 28 x 28 pixels and 10 classes.
///
/// Throws `input_error` for data that is not pictures of 6 x 6 or more.
std::shared_ptr<const net> make_cnn1(const data_shape& data);

/// CNN2, the same adapted to CIFAR in the parameter-server experiments:
/// padded convolutions, pooling after each, 512 hidden units. 2,122,186
/// parameters for 3 x 32 x 32 pixels and 10 classes, 2,168,356 for 100.
///
/// Throws `input_error` for data that is not pictures of 4 x 4 or more.
std::shared_ptr<const net> make_cnn2(const data_shape& data);

} // namespace caps
