#pragma once

#include "models/data/dataset.hpp"

#include <vector>

namespace caps {

/// Regression data in memory: each sample is a row of numbers and the target
/// that belongs to it. Kept in double precision and not normalized, so that a
/// least-squares problem is exactly the one given.
class row_dataset : public dataset {
public:
  /// @param rows [n, features]
  /// @param targets [n]
  /// Any floating-point type; throws `input_error` for other shapes.
  row_dataset(const at::Tensor& rows, const at::Tensor& targets);

  using dataset::gather;

  int64_t size() const override {
    return static_cast<int64_t>(targets_.size());
  }

  data_shape shape() const override { return {{features_}, 0}; }

  std::span<const int64_t> labels() const override { return {}; }

  /// Throws `input_error` if augmentation is enabled: rows are no pictures.
  batch gather(std::span<const int64_t> indices, at::ScalarType dtype,
               const augmentation& change,
               random_stream* stream) const override;

private:
  int64_t features_;
  std::vector<double> rows_;
  std::vector<double> targets_;
};

} // namespace caps
