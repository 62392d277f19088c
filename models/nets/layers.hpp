#pragma once

#include "models/nets/net.hpp"

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace caps {

// The layers nets are made of. Each is a small value: it registers its
// parameters and buffers in a layout when it is made (under the names of a
// PyTorch state dictionary) and from then on only computes from a
// `forward_pass`. All are device-generic and never modify their input.

/// The shape of one sample inside a net that works on pictures.
struct picture {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;

  int64_t numel() const noexcept { return channels * height * width; }
};

/// "3 x 32 x 32".
std::string to_text(const picture& x);

/// A square window sliding over a picture.
struct window {
  int64_t size = 1;
  int64_t stride = 1;
  /// Pixels added on each side (zeros; minus infinity for a maximum).
  int64_t padding = 0;

  /// Positions of this window along `extent` pixels; 0 when it does not fit.
  int64_t positions(int64_t extent) const noexcept;
};

/// Halves both extents of a picture.
inline constexpr window halves{.size = 2, .stride = 2};

/// A matrix product, y = x Wᵀ + b, on [n, inputs].
class linear {
public:
  linear(parameter_layout& layout, const std::string& name, int64_t inputs,
         int64_t outputs);

  at::Tensor operator()(const forward_pass& pass, const at::Tensor& x) const;

  /// Per sample, here and below.
  int64_t multiply_adds() const noexcept { return multiply_adds_; }

private:
  size_t weight_;
  size_t bias_;
  int64_t multiply_adds_;
};

/// A two-dimensional convolution (cross-correlation) on [n, c, h, w].
class conv2d {
public:
  struct options {
    /// Output channels.
    int64_t filters = 1;
    window kernel;
    /// Off where a normalization layer follows, which takes the mean away.
    bool bias = true;
  };

  /// @pre the kernel fits into `in`
  conv2d(parameter_layout& layout, const std::string& name, const picture& in,
         const options& how);

  at::Tensor operator()(const forward_pass& pass, const at::Tensor& x) const;

  const picture& out() const noexcept { return out_; }

  int64_t multiply_adds() const noexcept { return multiply_adds_; }

private:
  window kernel_;
  picture out_;
  size_t weight_;
  size_t bias_;
  bool has_bias_;
  int64_t multiply_adds_;
};

/// Batch normalization over the samples and pixels of each channel (Ioffe and
/// Szegedy 2015), as LibTorch's defaults have it: epsilon 1e-5, running
/// statistics with momentum 0.1 from the unbiased variance.
class batch_norm {
public:
  batch_norm(parameter_layout& layout, const std::string& name,
             int64_t channels);

  /// Throws `input_error` when training on one value per channel, whose
  /// variance does not exist.
  at::Tensor operator()(const forward_pass& pass, const at::Tensor& x) const;

private:
  size_t weight_;
  size_t bias_;
  size_t running_mean_;
  size_t running_var_;
};

/// Group normalization (Wu and He 2018), epsilon 1e-5.
class group_norm {
public:
  /// @pre `groups` divides `channels`
  group_norm(parameter_layout& layout, const std::string& name,
             int64_t channels, int64_t groups);

  at::Tensor operator()(const forward_pass& pass, const at::Tensor& x) const;

private:
  size_t weight_;
  size_t bias_;
  int64_t groups_;
};

/// Dropout (Srivastava et al. 2014): in training each unit becomes 0 with
/// probability `rate`, the others grow by 1 / (1 - rate). Draws from the
/// generator of the pass and from nothing else.
class dropout {
public:
  /// What is dropped at once.
  enum class unit : uint8_t {
    /// Single numbers.
    number,
    /// Whole channels of a sample, whose pixels carry much the same (Tompson
    /// et al. 2015; PyTorch's Dropout2d).
    channel,
  };

  /// @pre 0 <= rate < 1
  explicit dropout(double rate, unit what = unit::number)
    : rate_(rate), unit_(what) {}

  /// Throws `error` when it must draw and the pass has no generator.
  at::Tensor operator()(const forward_pass& pass, const at::Tensor& x) const;

private:
  double rate_;
  unit unit_;
};

} // namespace caps
