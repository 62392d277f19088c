#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"

#include <array>
#include <memory>
#include <string>

namespace caps {

/// How deep a residual net is (He et al. 2016).
struct resnet_depth {
  /// Residual blocks in each of the four stages, of 64, 128, 256 and 512
  /// channels; each stage but the first halves the picture.
  std::array<int64_t, 4> blocks;
  /// Blocks of 1 x 1, 3 x 3 and 1 x 1 convolutions with four times the
  /// channels at their end, instead of two 3 x 3 convolutions.
  bool bottleneck = false;
};

inline constexpr resnet_depth resnet10_depth{{1, 1, 1, 1}};
inline constexpr resnet_depth resnet18_depth{{2, 2, 2, 2}};
inline constexpr resnet_depth resnet34_depth{{3, 4, 6, 3}};
inline constexpr resnet_depth resnet50_depth{{3, 4, 6, 3}, true};

/// A residual net for small pictures with batch normalization: a 3 x 3 stem
/// that keeps the resolution and no pooling before the stages. ResNet-18 has
/// 11,173,962 parameters for 3 x 32 x 32 pixels and 10 classes, 11,220,132
/// for 100; ResNet-50 has 23,520,842. Takes pictures of any size.
std::shared_ptr<const net> make_resnet(const std::string& model,
                                       const resnet_depth& depth,
                                       const data_shape& data);

struct group_resnet_options {
  /// Channels normalized together.
  int64_t group_channels = 32;
  /// Dropout of whole channels before the first and after each stage but the
  /// last.
  double drop_rate = 0.1;
  /// Dropout before the last layer.
  double last_drop_rate = 0.5;

  void describe(option_visitor& visitor);
};

/// The residual net of the published peer-to-peer experiments: the stem of
/// large pictures (7 x 7 with stride 2, then pooling), group normalization,
/// which keeps no statistics that would differ between nodes, and dropout.
/// For 3 x 32 x 32 pixels and 10 classes ResNet-10 has 4,910,922 parameters,
/// -18 11,181,642, -34 21,289,802, -50 23,528,522. Takes pictures of any size.
std::shared_ptr<const net>
make_group_resnet(const std::string& model, const resnet_depth& depth,
                  const data_shape& data, const group_resnet_options& options);

} // namespace caps
