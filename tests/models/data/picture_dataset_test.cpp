#include "tests/support/catch.hpp"

#include "models/data/picture_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>

#include <array>
#include <cmath>
#include <numeric>

using caps::augmentation;
using caps::picture_dataset;
using caps::picture_set;
using caps::random_stream;

namespace {

picture_set some_pictures(int64_t count = 12) {
  picture_set x{
    2, 5, 7, 4, caps::test::pattern(70u * static_cast<size_t>(count)), {}};
  for (int64_t i = 0; i < count; ++i)
    x.labels.push_back(i * 3 % 4);
  return x;
}

/// The definition, in plain words.
double normalized(const picture_set& x, int64_t i, int64_t c, int64_t row,
                  int64_t column) {
  double sum = 0, squares = 0;
  for (int64_t j = 0; j < x.size(); ++j)
    for (int64_t k = 0; k < 35; ++k) {
      auto value = x.pixels[static_cast<size_t>((j * 2 + c) * 35 + k)] / 255.0;
      sum += value;
      squares += value * value;
    }
  auto n = static_cast<double>(35 * x.size());
  auto mean = sum / n;
  auto deviation = std::sqrt(squares / n - mean * mean);
  auto inside = row >= 0 && row < 5 && column >= 0 && column < 7;
  auto byte
    = inside
        ? x.pixels[static_cast<size_t>((i * 2 + c) * 35 + row * 7 + column)]
        : uint8_t{0};
  return (byte / 255.0 - mean) / deviation;
}

} // namespace

TEST_CASE("pixels are normalized per channel", "[picture_dataset]") {
  auto x = some_pictures();
  picture_dataset data{x, caps::measure(x)};
  CHECK(data.shape().sample == std::vector<int64_t>{2, 5, 7});
  CHECK(data.shape().classes == 4);
  const std::vector<int64_t> indices{11, 0, 5, 5};
  auto doubles = data.gather(indices, at::kDouble);
  auto floats = data.gather(indices, at::kFloat);
  REQUIRE(doubles.input.sizes() == std::vector<int64_t>{4, 2, 5, 7});
  CHECK(floats.input.scalar_type() == at::kFloat);
  CHECK(at::equal(floats.input, doubles.input.to(at::kFloat)));
  for (int64_t n = 0; n < 4; ++n) {
    auto i = indices[static_cast<size_t>(n)];
    CHECK(doubles.target[n].item<int64_t>() == i * 3 % 4);
    for (int64_t c = 0; c < 2; ++c)
      for (int64_t k = 0; k < 35; ++k)
        CHECK(std::abs(doubles.input[n][c][k / 7][k % 7].item<double>()
                       - normalized(x, i, c, k / 7, k % 7))
              < 1e-12);
  }
  auto half = data.gather(indices, at::kBFloat16);
  CHECK(half.input.scalar_type() == at::kBFloat16);
}

TEST_CASE("a training set has mean 0 and deviation 1", "[picture_dataset]") {
  auto pair = caps::make_picture_datasets(some_pictures(), some_pictures(3));
  std::vector<int64_t> all(12);
  std::iota(all.begin(), all.end(), 0);
  auto input = pair.train->gather(all, at::kDouble).input;
  for (int64_t c = 0; c < 2; ++c) {
    auto channel = input.select(1, c);
    CHECK(std::abs(channel.mean().item<double>()) < 1e-12);
    CHECK(std::abs(channel.square().mean().item<double>() - 1) < 1e-12);
  }
  // The test set is normalized by the training set's figures, not its own.
  auto first = std::vector<int64_t>{0, 1, 2};
  CHECK(at::equal(pair.test->gather(first, at::kFloat).input,
                  pair.train->gather(first, at::kFloat).input));
}

TEST_CASE("a constant channel does no harm", "[picture_dataset]") {
  picture_set x{1, 2, 2, 2, caps::test::bytes(12, 51), {0, 1, 0}};
  auto statistics = caps::measure(x);
  CHECK(statistics[0].mean == Approx(0.2));
  CHECK(statistics[0].deviation == 1);
  picture_dataset data{x, statistics};
  CHECK(data.gather(std::vector<int64_t>{2}, at::kFloat)
          .input.abs()
          .max()
          .item<float>()
        < 1e-7f);
}

TEST_CASE("crop and flip follow their formula", "[picture_dataset]") {
  auto x = some_pictures();
  picture_dataset data{x, caps::measure(x)};
  for (auto change :
       {augmentation{3, true}, augmentation{9, false}, augmentation{0, true}}) {
    random_stream stream{5}, same{5};
    std::vector<int64_t> indices(40);
    for (size_t n = 0; n < indices.size(); ++n)
      indices[n] = static_cast<int64_t>(n) % 12;
    auto input = data.gather(indices, at::kDouble, change, &stream).input;
    double worst = 0;
    for (int64_t n = 0; n < 40; ++n) {
      int64_t down = 0, right = 0, mirrored = 0;
      auto padding = change.crop_padding;
      if (padding > 0) {
        auto places = static_cast<uint64_t>(2 * padding + 1);
        down = static_cast<int64_t>(same.below(places)) - padding;
        right = static_cast<int64_t>(same.below(places)) - padding;
      }
      if (change.flip)
        mirrored = static_cast<int64_t>(same.below(2));
      for (int64_t c = 0; c < 2; ++c)
        for (int64_t row = 0; row < 5; ++row)
          for (int64_t column = 0; column < 7; ++column) {
            auto from = mirrored ? 6 - column : column;
            auto expected = normalized(x, n % 12, c, row + down, from + right);
            worst
              = std::max(worst, std::abs(input[n][c][row][column].item<double>()
                                         - expected));
          }
    }
    CHECK(worst < 1e-12);
    CHECK(stream.next() == same.next()); // not a number more was drawn
  }
}

TEST_CASE("every crop and both sides are drawn", "[picture_dataset]") {
  // One white pixel in the middle tells where a crop lay.
  picture_set x{1, 5, 5, 1, caps::test::bytes(25), {0}};
  x.pixels[12] = 255;
  picture_dataset data{x, {{0, 1}}};
  random_stream stream{1};
  std::vector<int64_t> indices(9'000, 0);
  auto input = data.gather(indices, at::kFloat, {1, false}, &stream).input;
  auto count = input.sum(0).reshape({25});
  for (int64_t k = 0; k < 25; ++k) {
    auto near = std::abs(k / 5 - 2) <= 1 && std::abs(k % 5 - 2) <= 1;
    CHECK(std::abs(count[k].item<double>() - (near ? 1'000 : 0))
          <= (near ? 120 : 0));
  }
  x.pixels[12] = 0;
  x.pixels[10] = 255;
  picture_dataset left{x, {{0, 1}}};
  input = left.gather(indices, at::kFloat, {0, true}, &stream).input;
  auto mirrored = input.select(3, 4).sum().item<double>();
  CHECK(std::abs(mirrored - 4'500) < 200);
  CHECK(input.select(3, 0).sum().item<double>() == 9'000 - mirrored);
}

TEST_CASE("wrong use of a dataset is an error", "[picture_dataset]") {
  auto x = some_pictures();
  picture_dataset data{x, caps::measure(x)};
  for (int64_t bad : {-1, 12})
    CHECK_THROWS_WITH(data.gather(std::vector<int64_t>{bad}, at::kFloat),
                      "sample " + std::to_string(bad) + " of a dataset of 12");
  CHECK_THROWS_AS(
    data.gather(std::vector<int64_t>{0}, at::kFloat, {1, false}, nullptr),
    caps::error);
  CHECK(data.gather(std::vector<int64_t>{}, at::kFloat).input.size(0) == 0);
}
