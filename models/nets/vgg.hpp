#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace caps {

/// 3 x 3 convolutions in each of the five stages, of 64, 128, 256, 512 and
/// 512 channels; pooling after each stage halves the picture.
using vgg_depth = std::array<int64_t, 5>;

inline constexpr vgg_depth vgg11_depth{1, 1, 2, 2, 2};
inline constexpr vgg_depth vgg13_depth{2, 2, 2, 2, 2};
inline constexpr vgg_depth vgg16_depth{2, 2, 3, 3, 3};

struct vgg_options {
  /// Normalization after each convolution: "batch", "group" or "none".
  std::string norm = "batch";
  /// Channels normalized together by "group".
  int64_t group_channels = 32;
  /// Units of hidden layers between the features and the scores.
  std::vector<int64_t> hidden;
  /// Dropout after each hidden layer.
  double dropout = 0.5;

  void describe(option_visitor& visitor);
};

/// VGG (Simonyan and Zisserman 2015, configurations A, B and D) for small
/// pictures: 32 x 32 pixels end as one, so that 512 features are left for the
/// classifier, which by default is a single matrix product. With the default
/// batch normalization VGG-11 has 9,231,114 parameters for three channels and
/// 10 classes, VGG-13 9,416,010, VGG-16 14,728,266.
///
/// Throws `input_error` for data that is not pictures of 32 x 32 or more.
std::shared_ptr<const net> make_vgg(const std::string& model,
                                    const vgg_depth& depth,
                                    const data_shape& data,
                                    const vgg_options& options);

} // namespace caps
