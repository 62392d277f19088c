#pragma once

#include "models/nets/net.hpp"

#include <memory>

namespace caps {

/// LeNet-5 (LeCun et al. 1998) in its usual modern form: maxima for pooling,
/// ReLU for the sigmoid, every map of the second convolution connected to all
/// of the first. The net was made for 32 x 32 pixels; smaller pictures get two
/// zeros on each side, so 28 x 28 meets the published field. 61,706 parameters
/// for one channel, either size, and 10 classes.
///
/// Throws `input_error` for data that is not pictures of 12 x 12 or more.
std::shared_ptr<const net> make_lenet5(const data_shape& data);

} // namespace caps
