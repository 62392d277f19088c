#pragma once

#include "models/data/dataset.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace caps {

/// Labelled pictures as files hold them: one byte a pixel.
struct picture_set {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t classes = 0;
  /// [size, channels, height, width] in one block.
  std::vector<uint8_t> pixels;
  /// A class below `classes` for each picture.
  std::vector<int64_t> labels;

  int64_t size() const noexcept { return static_cast<int64_t>(labels.size()); }

  /// Pixels of one channel.
  int64_t plane() const noexcept { return height * width; }
};

/// Mean and standard deviation of a channel's pixels, white being 1. A
/// constant channel has deviation 1, so that dividing by it is harmless.
struct channel_statistics {
  double mean = 0;
  double deviation = 1;
};

/// Measures every channel in one pass over the bytes.
std::vector<channel_statistics> measure(const picture_set& pictures);

/// A dataset of pictures in memory, kept as bytes and normalized when a batch
/// is gathered: value = (byte / 255 - mean) / deviation of the channel. A crop
/// fills what it moves in from outside with black (byte 0), and comes before
/// the flip.
class picture_dataset : public dataset {
public:
  /// @pre `statistics` has one entry a channel, `pictures` is consistent.
  picture_dataset(picture_set pictures,
                  const std::vector<channel_statistics>& statistics);

  using dataset::gather;

  int64_t size() const override { return pictures_.size(); }

  data_shape shape() const override;

  std::span<const int64_t> labels() const override { return pictures_.labels; }

  batch gather(std::span<const int64_t> indices, at::ScalarType dtype,
               const augmentation& change,
               random_stream* stream) const override;

  /// The pictures as they were loaded.
  const picture_set& pictures() const noexcept { return pictures_; }

private:
  /// What each byte becomes, one table a channel: a lookup costs less than
  /// the arithmetic and rounds only once.
  template <class Real>
  using tables = std::vector<std::array<Real, 256>>;

  template <class Real>
  void gather_into(Real* out, std::span<const int64_t> indices,
                   const tables<Real>& values, const augmentation& change,
                   random_stream* stream) const;

  picture_set pictures_;
  tables<float> floats_;
  tables<double> doubles_;
};

/// Makes both parts of a dataset, normalized by what the training pictures
/// measure; throws `data_error` if the two differ in shape.
dataset_pair make_picture_datasets(picture_set train, picture_set test);

} // namespace caps
