#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// What a parameter is for. Decides its initialization and whether weight
/// decay and LARS touch it.
enum class parameter_kind : uint8_t {
  /// Kernel or matrix of a convolution or linear layer.
  weight,
  /// Bias of a convolution or linear layer.
  bias,
  /// Scale of a normalization layer.
  norm_weight,
  /// Shift of a normalization layer.
  norm_bias,
};

/// One parameter of a net inside the flat vector.
struct parameter_entry {
  /// Name as in a PyTorch state dictionary, such as "conv1.weight".
  std::string name;
  std::vector<int64_t> shape;
  /// First element in the flat vector.
  int64_t offset = 0;
  /// Number of elements, the product of `shape`.
  int64_t numel = 0;
  parameter_kind kind = parameter_kind::weight;
  /// Inputs that one output sums over: the product of all dimensions but the
  /// first; a vector's own length; a bias takes that of the weight before it.
  int64_t fan_in = 0;
};

/// One buffer of a net (BatchNorm statistics) inside the flat buffer vector.
struct buffer_entry {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset = 0;
  int64_t numel = 0;
  /// Value a fresh net starts with.
  double initial = 0;
};

/// Where each parameter of a net lies in its flat vector. Two nets exchange
/// vectors only if their layouts are equal.
class parameter_layout {
public:
  /// Appends a parameter and returns its index.
  size_t add(std::string name, std::vector<int64_t> shape,
             parameter_kind kind);

  /// Appends a buffer and returns its index.
  size_t add_buffer(std::string name, std::vector<int64_t> shape,
                    double initial);

  const std::vector<parameter_entry>& entries() const noexcept {
    return entries_;
  }

  const std::vector<buffer_entry>& buffers() const noexcept {
    return buffers_;
  }

  /// Number of trainable elements.
  int64_t numel() const noexcept { return numel_; }

  /// Number of buffer elements.
  int64_t buffer_numel() const noexcept { return buffer_numel_; }

  /// A digest of names and shapes: equal layouts have equal digests on every
  /// machine, so two processes can tell early that their nets differ.
  uint64_t digest() const;

private:
  std::vector<parameter_entry> entries_;
  std::vector<buffer_entry> buffers_;
  int64_t numel_ = 0;
  int64_t buffer_numel_ = 0;
};

/// The layout of `numel` elements from `offset` on: the parameters that lie in
/// the range, whole or in part, and the buffers if it begins at 0. A part of a
/// parameter is a vector of the parameter's kind. @pre the range lies within.
parameter_layout part_of(const parameter_layout& whole, int64_t offset,
                         int64_t numel);

/// "weight", "bias", ...
std::string_view to_text(parameter_kind kind);

/// "[6, 1, 5, 5]".
std::string shape_text(const std::vector<int64_t>& shape);

} // namespace caps
