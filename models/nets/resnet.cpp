#include "models/nets/resnet.hpp"

#include "models/nets/net_builder.hpp"

#include <fmt/format.h>

#include <functional>
#include <string_view>

namespace caps {

namespace {

constexpr int64_t stem_channels = 64;

/// Output channels of a bottleneck block per channel inside.
constexpr int64_t expansion = 4;

/// Appends a normalization layer of that name.
using normalizer = std::function<void(net_builder&, const std::string& name)>;

/// What the two families of residual nets do differently inside the stages.
struct stage_style {
  normalizer normalize;
  /// Name of a block's shortcut, whose convolution is .0 and normalization .1.
  std::string_view shortcut;
};

void conv(net_builder& b, const std::string& name, int64_t filters,
          const window& kernel) {
  // The normalization that follows takes any bias away again.
  b.conv(name, {.filters = filters, .kernel = kernel, .bias = false});
}

/// One residual block: `channels` inside, the first 3 x 3 convolution strides.
void block(net_builder& b, const std::string& name, int64_t channels,
           int64_t stride, bool bottleneck, const stage_style& style) {
  auto out = bottleneck ? expansion * channels : channels;
  auto step
    = [&](net_builder& x, int number, int64_t filters, const window& kernel) {
        conv(x, fmt::format("{}.conv{}", name, number), filters, kernel);
        style.normalize(x, fmt::format("{}.bn{}", name, number));
      };
  auto changes_shape = stride != 1 || b.channels() != out;
  b.sum(
    [&](net_builder& x) {
      window first{.size = 3, .stride = stride, .padding = 1};
      if (bottleneck) {
        step(x, 1, channels, {.size = 1});
        x.relu();
        step(x, 2, channels, first);
        x.relu();
        step(x, 3, out, {.size = 1});
      } else {
        step(x, 1, channels, first);
        x.relu();
        step(x, 2, out, {.size = 3, .padding = 1});
      }
    },
    [&](net_builder& x) {
      if (!changes_shape)
        return;
      auto prefix = fmt::format("{}.{}", name, style.shortcut);
      conv(x, prefix + ".0", out, {.size = 1, .stride = stride});
      style.normalize(x, prefix + ".1");
    });
  b.relu();
}

/// The four stages; `between` is called after each but the last.
void stages(net_builder& b, const resnet_depth& depth, const stage_style& style,
            const std::function<void(net_builder&)>& between) {
  auto channels = stem_channels;
  for (size_t stage = 0; stage < depth.blocks.size(); ++stage) {
    for (int64_t i = 0; i < depth.blocks[stage]; ++i)
      block(b, fmt::format("layer{}.{}", stage + 1, i), channels,
            stage > 0 && i == 0 ? 2 : 1, depth.bottleneck, style);
    channels *= 2;
    if (stage + 1 < depth.blocks.size())
      between(b);
  }
}

} // namespace

std::shared_ptr<const net> make_resnet(const std::string& model,
                                       const resnet_depth& depth,
                                       const data_shape& data) {
  net_builder b{model, data};
  b.expect_pictures(1);
  stage_style style{
    [](net_builder& x, const std::string& name) { x.batch_norm(name); },
    "shortcut"};
  conv(b, "conv1", stem_channels, {.size = 3, .padding = 1});
  style.normalize(b, "bn1");
  b.relu();
  stages(b, depth, style, [](net_builder&) {});
  b.global_average().linear("linear", data.classes);
  return b.finish();
}

void group_resnet_options::describe(option_visitor& visitor) {
  visitor.integer("group_channels", group_channels, at_least(1),
                  "channels normalized together");
  visitor.real("drop_rate", drop_rate, between_open(0, 1),
               "share of channels dropped between the stages in training");
  visitor.real("last_drop_rate", last_drop_rate, between_open(0, 1),
               "share of features dropped before the last layer in training");
}

std::shared_ptr<const net>
make_group_resnet(const std::string& model, const resnet_depth& depth,
                  const data_shape& data, const group_resnet_options& options) {
  net_builder b{model, data};
  b.expect_pictures(1);
  stage_style style{[&](net_builder& x, const std::string& name) {
                      x.group_norm(name, options.group_channels);
                    },
                    "downsample"};
  auto drop = [&](net_builder& x) { x.channel_dropout(options.drop_rate); };
  conv(b, "conv1", stem_channels, {.size = 7, .stride = 2, .padding = 3});
  style.normalize(b, "bn1");
  b.relu().max_pool({.size = 3, .stride = 2, .padding = 1});
  drop(b);
  stages(b, depth, style, drop);
  b.global_average().dropout(options.last_drop_rate);
  b.linear("fc", data.classes);
  return b.finish();
}

} // namespace caps
