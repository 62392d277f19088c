#pragma once

#include "models/nets/layers.hpp"
#include "models/nets/net.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Builds a net layer by layer, following the shape of one sample from the
/// data to the scores. Each call appends a layer; names are those of a PyTorch
/// state dictionary. A layer that does not fit throws `input_error`.
class net_builder {
public:
  /// Fills in one branch of a sum.
  using branch = std::function<void(net_builder&)>;

  /// Starts from samples as the data has them. `model` names the net in
  /// messages. Throws `input_error` for data without classes.
  net_builder(std::string model, const data_shape& data);

  /// Refuses samples that are not pictures of at least `side_min` pixels in
  /// both directions; @pre nothing was appended yet.
  net_builder& expect_pictures(int64_t side_min);

  net_builder& conv(std::string_view name, const conv2d::options& how);
  net_builder& batch_norm(std::string_view name);

  /// Groups of `group_channels` channels each; fewer channels than that form
  /// one group. Throws `input_error` when the channels cannot be divided so.
  net_builder& group_norm(std::string_view name, int64_t group_channels);

  net_builder& relu();

  /// Takes the place of a ReLU right before it, which then follows: that
  /// changes no number.
  net_builder& max_pool(const window& how);

  /// Averages each channel over all its pixels; samples are flat afterwards.
  net_builder& global_average();
  net_builder& flatten();
  net_builder& dropout(double rate);

  /// Drops whole channels.
  net_builder& channel_dropout(double rate);

  /// @pre samples are flat
  net_builder& linear(std::string_view name, int64_t outputs);

  /// The sum of two branches that both start here; parameters are registered
  /// in the order body, shortcut. A shortcut without layers passes its input
  /// on unchanged.
  net_builder& sum(const branch& body, const branch& shortcut);

  /// Channels of the picture, or features of the flat sample, at this point.
  int64_t channels() const noexcept { return shape_.front(); }

  /// Number of classes of the data.
  int64_t classes() const noexcept { return classes_; }

  /// The net built so far; the builder is used up.
  std::shared_ptr<const net> finish();

private:
  using layer
    = std::function<at::Tensor(const forward_pass&, const at::Tensor&)>;
  using layers = std::vector<layer>;

  class chain;

  static at::Tensor apply(const layers& xs, const forward_pass& pass,
                          at::Tensor x);

  net_builder& append(layer x, bool fresh);
  picture in() const;
  void expect_fit(const std::string& what, const window& how) const;

  std::string model_;
  std::shared_ptr<parameter_layout> layout_;
  /// Of one sample at this point: [channels, height, width] or [features].
  std::vector<int64_t> shape_;
  int64_t classes_;
  int64_t multiply_adds_ = 0;
  layers layers_;
  /// Whether the last layer's result is a new tensor that nobody reads again,
  /// in value or in a derivative, and that the next layer may overwrite.
  bool fresh_ = false;
  /// Whether the last layer is a ReLU.
  bool after_relu_ = false;
};

} // namespace caps
