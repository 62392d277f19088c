#include "models/data/picture_dataset.hpp"
#include "models/data/recipes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace caps {

namespace {

constexpr double grey = 127.5;
/// Standard deviation of a pixel in grey levels: four of them stay within a
/// byte.
constexpr double contrast = 31;
/// Pixels between the knots of the class means, which are smooth so that
/// convolutions find something to hold on to.
constexpr int64_t knot_distance = 4;

/// A smooth random plane: normal values on a coarse grid, bilinear between.
void add_smooth_plane(std::vector<double>& out, int64_t height, int64_t width,
                      random_stream& stream) {
  auto columns = width / knot_distance + 2;
  auto rows = height / knot_distance + 2;
  std::vector<double> knots(static_cast<size_t>(rows * columns));
  for (auto& knot : knots)
    knot = stream.normal();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      auto corner
        = knots.data() + y / knot_distance * columns + x / knot_distance;
      auto v = static_cast<double>(y % knot_distance) / knot_distance;
      auto u = static_cast<double>(x % knot_distance) / knot_distance;
      out.push_back(
        (1 - v) * ((1 - u) * corner[0] + u * corner[1])
        + v * ((1 - u) * corner[columns] + u * corner[columns + 1]));
    }
}

/// Pictures of a class are normal around the class's mean, independently in
/// every pixel. With the mean distance of two classes being 2, each pixel has
/// standard deviation `noise`: the best possible classifier confuses two
/// classes that far apart with probability Phi(-1 / noise), whatever the size
/// of the pictures.
class synthetic_recipe : public dataset_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.integer("train", train_, at_least(1), "training pictures");
    visitor.integer("test", test_, at_least(1), "test pictures");
    visitor.integer("classes", classes_, at_least(1),
                    "classes, all of (nearly) the same size");
    visitor.integer("channels", channels_, at_least(1), "channels");
    visitor.integer("height", height_, at_least(1), "rows of pixels");
    visitor.integer("width", width_, at_least(1), "pixels in a row");
    visitor.real("noise", noise_, non_negative(),
                 "spread of a class against half the mean distance of two "
                 "classes; 0.3 is easy, 1 hard");
  }

  bool reads_files() const override { return false; }

  dataset_pair make(const data_source& source) const override {
    auto means = draw_means({source.seed, -1, "data means"});
    return make_picture_datasets(
      draw_pictures(train_, means, {source.seed, -1, "data train"}),
      draw_pictures(test_, means, {source.seed, -1, "data test"}));
  }

private:
  size_t pixels() const {
    return static_cast<size_t>(channels_ * height_ * width_);
  }

  /// The class means, one after the other, around zero and scaled so that the
  /// mean squared distance of two classes is 4.
  std::vector<double> draw_means(random_stream stream) const {
    std::vector<double> result;
    for (int64_t i = 0; i < classes_ * channels_; ++i)
      add_smooth_plane(result, height_, width_, stream);
    auto n = static_cast<double>(classes_);
    if (classes_ > 1)
      for (size_t pixel = 0; pixel < pixels(); ++pixel) {
        double sum = 0;
        for (auto i = pixel; i < result.size(); i += pixels())
          sum += result[i];
        for (auto i = pixel; i < result.size(); i += pixels())
          result[i] -= sum / n;
      }
    auto squares
      = std::inner_product(result.begin(), result.end(), result.begin(), 0.0);
    auto scale = std::sqrt(2 * std::max(n - 1, 1.0) / squares);
    for (auto& x : result)
      x *= scale;
    return result;
  }

  picture_set draw_pictures(int64_t count, const std::vector<double>& means,
                            random_stream stream) const {
    picture_set result{channels_, height_, width_, classes_, {}, {}};
    for (int64_t i = 0; i < count; ++i)
      result.labels.push_back(i % classes_);
    stream.shuffle(std::span{result.labels});
    auto variance_of_means = 2.0 / static_cast<double>(pixels());
    auto level = contrast / std::sqrt(variance_of_means + noise_ * noise_);
    result.pixels.reserve(static_cast<size_t>(count) * pixels());
    for (auto label : result.labels) {
      auto mean = means.data() + static_cast<size_t>(label) * pixels();
      for (size_t k = 0; k < pixels(); ++k) {
        auto x = grey + level * (mean[k] + noise_ * stream.normal());
        result.pixels.push_back(
          static_cast<uint8_t>(std::clamp(std::round(x), 0.0, 255.0)));
      }
    }
    return result;
  }

  int64_t train_ = 6'000;
  int64_t test_ = 1'000;
  int64_t classes_ = 10;
  int64_t channels_ = 1;
  int64_t height_ = 28;
  int64_t width_ = 28;
  double noise_ = 0.4;
};

} // namespace

std::unique_ptr<dataset_recipe> make_synthetic_recipe() {
  return std::make_unique<synthetic_recipe>();
}

} // namespace caps
