#include "models/nets/vgg.hpp"

#include "models/nets/net_builder.hpp"

#include <fmt/format.h>

#include <array>

namespace caps {

namespace {

constexpr std::array<int64_t, 5> stage_channels{64, 128, 256, 512, 512};

} // namespace

void vgg_options::describe(option_visitor& visitor) {
  visitor.choice("norm", norm, {"batch", "group", "none"},
                 "normalization after each convolution");
  visitor.integer("group_channels", group_channels, at_least(1),
                  "channels normalized together when norm is group");
  visitor.integers("hidden", hidden, at_least(1),
                   "units of hidden layers before the scores");
  visitor.real("dropout", dropout, between_open(0, 1),
               "share of hidden units dropped in training");
  if (norm != "group")
    visitor.idle("group_channels", "norm is not \"group\"");
  if (hidden.empty())
    visitor.idle("dropout", "there are no hidden layers");
}

std::shared_ptr<const net> make_vgg(const std::string& model,
                                    const vgg_depth& depth,
                                    const data_shape& data,
                                    const vgg_options& options) {
  net_builder b{model, data};
  b.expect_pictures(32);
  // Numbered as in a PyTorch module list, where ReLU and pooling count too.
  auto name = [i = 0](int step) mutable {
    auto result = fmt::format("features.{}", i);
    i += step;
    return result;
  };
  for (size_t stage = 0; stage < depth.size(); ++stage) {
    for (int64_t i = 0; i < depth[stage]; ++i) {
      auto plain = options.norm == "none";
      b.conv(name(plain ? 2 : 1), {.filters = stage_channels[stage],
                                   .kernel = {.size = 3, .padding = 1}});
      if (options.norm == "batch")
        b.batch_norm(name(2));
      else if (!plain)
        b.group_norm(name(2), options.group_channels);
      b.relu();
    }
    b.max_pool({.size = 2, .stride = 2});
    name(1);
  }
  b.flatten();
  auto last = options.hidden.empty() ? std::string{"classifier"}
                                     : std::string{"classifier.0"};
  for (size_t i = 0; i < options.hidden.size(); ++i) {
    b.linear(last, options.hidden[i]).relu().dropout(options.dropout);
    last = fmt::format("classifier.{}", 3 * (i + 1));
  }
  b.linear(last, data.classes);
  return b.finish();
}

} // namespace caps
