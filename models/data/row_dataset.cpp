#include "models/data/row_dataset.hpp"

#include "models/errors.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

std::vector<double> values_of(const at::Tensor& x) {
  auto plain = x.detach().to(at::kCPU, at::kDouble).contiguous();
  auto first = plain.data_ptr<double>();
  return {first, first + plain.numel()};
}

} // namespace

row_dataset::row_dataset(const at::Tensor& rows, const at::Tensor& targets) {
  if (rows.dim() != 2 || targets.dim() != 1 || rows.size(0) != targets.size(0)
      || rows.size(1) == 0)
    throw input_error(fmt::format(
      "rows of shape {} and targets of shape {} are no regression data: "
      "expected [n, features] and [n]",
      shape_text(rows.sizes().vec()), shape_text(targets.sizes().vec())));
  features_ = rows.size(1);
  rows_ = values_of(rows);
  targets_ = values_of(targets);
}

batch row_dataset::gather(std::span<const int64_t> indices,
                          at::ScalarType dtype, const augmentation& change,
                          random_stream*) const {
  if (change.enabled())
    throw input_error("crop and flip need pictures, but the samples are rows "
                      "of features");
  auto count = static_cast<int64_t>(indices.size());
  batch result{at::empty({count, features_}, at::kDouble),
               at::empty({count}, at::kDouble)};
  auto input = result.input.data_ptr<double>();
  auto target = result.target.data_ptr<double>();
  for (auto i : indices) {
    if (i < 0 || i >= size())
      throw error(fmt::format("sample {} of a dataset of {}", i, size()));
    input = std::copy_n(rows_.data() + i * features_, features_, input);
    *target++ = targets_[static_cast<size_t>(i)];
  }
  result.input = result.input.to(dtype);
  result.target = result.target.to(dtype);
  return result;
}

} // namespace caps
