#include "models/data/picture_dataset.hpp"

#include "models/errors.hpp"

#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace caps {

namespace {

/// Where a crop lies against the picture, and whether it is mirrored.
struct placement {
  int64_t down = 0;
  int64_t right = 0;
  bool mirrored = false;
};

placement draw(const augmentation& change, random_stream& stream) {
  placement result;
  if (change.crop_padding > 0) {
    auto places = static_cast<uint64_t>(2 * change.crop_padding + 1);
    result.down
      = static_cast<int64_t>(stream.below(places)) - change.crop_padding;
    result.right
      = static_cast<int64_t>(stream.below(places)) - change.crop_padding;
  }
  if (change.flip)
    result.mirrored = stream.below(2) == 1;
  return result;
}

/// out(y, x) = in(y + down, x + right), black outside, then mirrored.
template <class Real>
void place(Real* out, const uint8_t* in, int64_t height, int64_t width,
           const std::array<Real, 256>& values, const placement& where) {
  auto black = values[0];
  auto first = std::clamp<int64_t>(-where.right, 0, width);
  auto last = std::clamp<int64_t>(width - where.right, first, width);
  for (int64_t y = 0; y < height; ++y, out += width) {
    auto from = y + where.down;
    if (from < 0 || from >= height) {
      std::fill_n(out, width, black);
      continue;
    }
    auto row = in + from * width;
    std::fill(out, out + first, black);
    for (auto x = first; x < last; ++x)
      out[x] = values[row[x + where.right]];
    std::fill(out + last, out + width, black);
    if (where.mirrored)
      std::reverse(out, out + width);
  }
}

template <class Real>
std::vector<std::array<Real, 256>>
tables_of(const std::vector<channel_statistics>& statistics) {
  std::vector<std::array<Real, 256>> result(statistics.size());
  for (size_t c = 0; c < statistics.size(); ++c)
    for (size_t byte = 0; byte < 256; ++byte)
      result[c][byte] = static_cast<Real>(
        (static_cast<double>(byte) / 255 - statistics[c].mean)
        / statistics[c].deviation);
  return result;
}

} // namespace

std::vector<channel_statistics> measure(const picture_set& pictures) {
  // Four counters a byte value: neighbouring pixels are often equal, and one
  // counter would wait for its own last increment.
  using histogram = std::array<std::array<int64_t, 256>, 4>;
  auto channels = static_cast<size_t>(pictures.channels);
  auto plane = static_cast<size_t>(pictures.plane());
  std::vector<histogram> counts(channels, histogram{});
  auto in = pictures.pixels.data();
  for (int64_t i = 0; i < pictures.size(); ++i)
    for (auto& count : counts) {
      size_t k = 0;
      for (; k + 4 <= plane; k += 4)
        for (size_t lane = 0; lane < 4; ++lane)
          ++count[lane][in[k + lane]];
      for (; k < plane; ++k)
        ++count[0][in[k]];
      in += plane;
    }
  std::vector<channel_statistics> result(channels);
  auto n = static_cast<double>(pictures.size() * pictures.plane());
  for (size_t c = 0; c < channels && n > 0; ++c) {
    // Whole numbers, hence exact up to 2^53.
    int64_t sum = 0;
    int64_t squares = 0;
    for (int64_t byte = 0; byte < 256; ++byte)
      for (const auto& lane : counts[c]) {
        auto count = lane[static_cast<size_t>(byte)];
        sum += count * byte;
        squares += count * byte * byte;
      }
    auto mean = static_cast<double>(sum) / n;
    auto variance = static_cast<double>(squares) / n - mean * mean;
    result[c].mean = mean / 255;
    if (variance > 1e-9)
      result[c].deviation = std::sqrt(variance) / 255;
  }
  return result;
}

picture_dataset::picture_dataset(
  picture_set pictures, const std::vector<channel_statistics>& statistics)
  : pictures_(std::move(pictures)), floats_(tables_of<float>(statistics)),
    doubles_(tables_of<double>(statistics)) {}

data_shape picture_dataset::shape() const {
  return {{pictures_.channels, pictures_.height, pictures_.width},
          pictures_.classes};
}

batch picture_dataset::gather(std::span<const int64_t> indices,
                              at::ScalarType dtype, const augmentation& change,
                              random_stream* stream) const {
  if (change.enabled() && stream == nullptr)
    throw error("augmentation needs a random stream");
  auto count = static_cast<int64_t>(indices.size());
  batch result;
  result.input
    = at::empty({count, pictures_.channels, pictures_.height, pictures_.width},
                dtype == at::kDouble ? at::kDouble : at::kFloat);
  result.target = at::empty({count}, at::kLong);
  if (dtype == at::kDouble)
    gather_into(result.input.data_ptr<double>(), indices, doubles_, change,
                stream);
  else
    gather_into(result.input.data_ptr<float>(), indices, floats_, change,
                stream);
  result.input = result.input.to(dtype); // nothing to do for float and double
  auto target = result.target.data_ptr<int64_t>();
  for (auto i : indices)
    *target++ = pictures_.labels[static_cast<size_t>(i)];
  return result;
}

template <class Real>
void picture_dataset::gather_into(Real* out, std::span<const int64_t> indices,
                                  const tables<Real>& values,
                                  const augmentation& change,
                                  random_stream* stream) const {
  auto plane = pictures_.plane();
  for (auto i : indices) {
    if (i < 0 || i >= size())
      throw error(fmt::format("sample {} of a dataset of {}", i, size()));
    auto in = pictures_.pixels.data() + i * pictures_.channels * plane;
    auto where = change.enabled() ? draw(change, *stream) : placement{};
    for (const auto& table : values) {
      if (change.enabled())
        place(out, in, pictures_.height, pictures_.width, table, where);
      else
        std::transform(in, in + plane, out,
                       [&](uint8_t byte) { return table[byte]; });
      in += plane;
      out += plane;
    }
  }
}

dataset_pair make_picture_datasets(picture_set train, picture_set test) {
  if (train.channels != test.channels || train.height != test.height
      || train.width != test.width)
    throw data_error(fmt::format(
      "training pictures are {} x {} x {}, test pictures {} x {} x {}",
      train.channels, train.height, train.width, test.channels, test.height,
      test.width));
  auto statistics = measure(train);
  return {std::make_shared<picture_dataset>(std::move(train), statistics),
          std::make_shared<picture_dataset>(std::move(test), statistics)};
}

} // namespace caps
