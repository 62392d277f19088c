#pragma once

#include "models/nets/net.hpp"
#include "models/options.hpp"
#include "models/random_stream.hpp"
#include "models/registry.hpp"

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace caps {

/// Samples ready for a net.
struct batch {
  /// [n, sample...], floating point, normalized.
  at::Tensor input;
  /// [n]: class indices (int64), or floating-point targets for regression.
  at::Tensor target;
};

/// Changes a training sample at random before it is used.
struct augmentation {
  /// Zero pixels added on each side before a crop of the original size at a
  /// random place; 0 for no crop.
  int64_t crop_padding = 0;
  /// Mirror left and right with probability one half.
  bool flip = false;

  bool enabled() const noexcept { return crop_padding > 0 || flip; }
};

/// An immutable set of labelled samples. One object serves all nodes of a
/// process: a node's shard is a list of indices, and batches are gathered.
class dataset {
public:
  virtual ~dataset() = default;

  virtual int64_t size() const = 0;

  virtual data_shape shape() const = 0;

  /// The class of every sample; empty for regression.
  virtual std::span<const int64_t> labels() const = 0;

  /// Gathers the samples at `indices` (each below `size()`) as a normalized
  /// batch of type `dtype` in host memory. `stream` feeds the augmentation
  /// and may be null when that is not enabled.
  virtual batch gather(std::span<const int64_t> indices, at::ScalarType dtype,
                       const augmentation& change,
                       random_stream* stream) const
    = 0;

  /// Gathers without augmentation.
  batch gather(std::span<const int64_t> indices, at::ScalarType dtype) const {
    return gather(indices, dtype, {}, nullptr);
  }
};

/// A dataset as it is shipped: disjoint training and test samples.
struct dataset_pair {
  std::shared_ptr<const dataset> train;
  std::shared_ptr<const dataset> test;
};

/// Where a run looks for data files.
struct data_source {
  /// Folder named by the scenario (`data.path`); empty to search
  /// CAPS_DATA_DIR and the system's dataset folder.
  std::string path;
  /// Seed of the run, for data that is generated.
  uint64_t seed = 0;
};

/// Loads one kind of dataset; throws `data_error` for missing or damaged
/// files.
class dataset_recipe : public recipe<dataset_pair, const data_source&> {
public:
  /// Whether it looks for files, so that `data_source::path` says where.
  virtual bool reads_files() const { return true; }
};

/// The built-in datasets.
registry<dataset_recipe> built_in_datasets();

} // namespace caps
