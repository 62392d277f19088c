#include "tests/support/catch.hpp"

#include "models/data/picture_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"
#include "tests/support/set_options.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

using caps::data_error;
using caps::data_source;
using namespace caps::test;

namespace {

const std::string system_folder = "/usr/share/datasets/fashion-mnist";

bool installed() {
  if (std::filesystem::exists(system_folder))
    return true;
  WARN("Fashion-MNIST is not installed: apt-get install "
       "dataset-fashion-mnist");
  return false;
}

caps::dataset_pair load(const std::string& name, const std::string& path = {}) {
  return configured(caps::built_in_datasets(), name)
    ->make(data_source{path, 0});
}

std::string complaint(const std::string& name, const std::string& path = {}) {
  return message_of<data_error>([&] { load(name, path); });
}

const caps::picture_set&
pictures(const std::shared_ptr<const caps::dataset>& x) {
  return dynamic_cast<const caps::picture_dataset&>(*x).pictures();
}

/// Four small files in the layout of MNIST.
void write_small(const temporary_folder& folder, const std::string& prefix,
                 bool packed, char separator = '-') {
  auto write = [&](const std::string& front, const std::string& back,
                   const bytes& content) {
    folder.write(prefix + front + separator + back + (packed ? ".gz" : ""),
                 packed ? gzip(content) : content);
  };
  write("train-images", "idx3-ubyte", idx({6, 4, 5}, pattern(120)));
  write("train-labels", "idx1-ubyte", idx({6}, {0, 1, 2, 9, 9, 3}));
  write("t10k-images", "idx3-ubyte", idx({2, 4, 5}, pattern(40)));
  write("t10k-labels", "idx1-ubyte", idx({2}, {5, 4}));
}

} // namespace

TEST_CASE("any data of the layout loads from a chosen folder", "[mnist]") {
  for (auto name : {"mnist", "fashion_mnist"})
    for (auto prefix : {"", name})
      for (auto packed : {false, true}) {
        temporary_folder folder;
        auto in = *prefix == '\0' ? "" : std::string{prefix} + "/";
        write_small(folder, in, packed, packed ? '-' : '.');
        auto data = load(name, folder.path());
        CHECK(data.train->size() == 6);
        CHECK(data.test->size() == 2);
        CHECK(data.train->shape().sample == std::vector<int64_t>{1, 4, 5});
        CHECK(data.train->shape().classes == 10);
        CHECK(pictures(data.train).pixels == pattern(120));
        CHECK(pictures(data.test).labels == std::vector<int64_t>{5, 4});
      }
}

TEST_CASE("missing data says where and how", "[mnist]") {
  environment no_folder{"CAPS_DATA_DIR", std::nullopt};
  temporary_folder empty;
  auto chosen = complaint("fashion_mnist", empty.path());
  CHECK(contains(chosen, "train-images-idx3-ubyte"));
  CHECK(contains(chosen, empty.path() + "/fashion-mnist, "));
  CHECK(contains(chosen, "apt-get install dataset-fashion-mnist"));
  CHECK_FALSE(contains(chosen, system_folder)); // asked for is asked for
  CHECK(contains(complaint("mnist"), "neither data.path nor CAPS_DATA_DIR"));
  environment folder{"CAPS_DATA_DIR", empty.path()};
  CHECK(contains(complaint("mnist"), empty.path() + "/mnist, "));
}

TEST_CASE("a folder that lacks one of the files is named", "[mnist]") {
  temporary_folder folder;
  write_small(folder, "", true);
  std::filesystem::remove(folder.path() + "/t10k-labels-idx1-ubyte.gz");
  auto message = complaint("mnist", folder.path());
  CHECK(contains(message, folder.path()));
  CHECK(contains(message, "t10k-labels-idx1-ubyte"));
}

TEST_CASE("test pictures have the size of training pictures", "[mnist]") {
  temporary_folder folder;
  write_small(folder, "", false);
  folder.write("t10k-images-idx3-ubyte", idx({2, 5, 4}, pattern(40)));
  CHECK(contains(complaint("mnist", folder.path()),
                 "training pictures are 1 x 4 x 5, test pictures 1 x 5 x 4"));
}

TEST_CASE("found data must be the published", "[mnist]") {
  temporary_folder folder;
  write_small(folder, "mnist/", true);
  write_small(folder, "fashion-mnist/", true);
  environment variable{"CAPS_DATA_DIR", folder.path()};
  for (auto name : {"mnist", "fashion_mnist"})
    CHECK(contains(complaint(name), "holds [6, 4, 5] values"));
  if (!installed())
    return;
  // One label of another class: the size is right, the checksum is not.
  std::filesystem::remove_all(folder.path() + "/fashion-mnist");
  std::filesystem::copy(system_folder, folder.path() + "/fashion-mnist");
  auto labels = bytes(60'000, 1);
  folder.write("fashion-mnist/train-labels-idx1-ubyte.gz",
               gzip(idx({60'000}, labels)));
  CHECK(contains(complaint("fashion_mnist"), "is not the published file"));
  CHECK(load("fashion_mnist", folder.path()).train->labels()[0] == 1);
}

TEST_CASE("Fashion-MNIST is not taken for MNIST", "[mnist]") {
  if (!installed())
    return;
  CHECK(contains(complaint("mnist", system_folder), "is Fashion-MNIST's"));
}

TEST_CASE("Fashion-MNIST is as published", "[mnist]") {
  if (!installed())
    return;
  environment no_folder{"CAPS_DATA_DIR", std::nullopt};
  auto data = load("fashion_mnist");
  CHECK(data.train->size() == 60'000);
  CHECK(data.test->size() == 10'000);
  CHECK(data.train->shape().sample == std::vector<int64_t>{1, 28, 28});
  auto count_labels = [](const caps::dataset& x) {
    std::vector<int64_t> result(10);
    for (auto label : x.labels())
      ++result[static_cast<size_t>(label)];
    return result;
  };
  CHECK(count_labels(*data.train) == std::vector<int64_t>(10, 6'000));
  CHECK(count_labels(*data.test) == std::vector<int64_t>(10, 1'000));
  const std::vector<int64_t> first{9, 0, 0, 3, 0, 2, 7, 2};
  CHECK(std::equal(first.begin(), first.end(), data.train->labels().begin()));
  // The figures that everybody's scripts normalize with.
  auto statistics = caps::measure(pictures(data.train));
  CHECK(std::abs(statistics[0].mean - 0.2860) < 5e-5);
  CHECK(std::abs(statistics[0].deviation - 0.3530) < 5e-5);
}

TEST_CASE("Fashion-MNIST stands upright", "[mnist]") {
  if (!installed())
    return;
  // Trousers (class 1) have a waist above and a gap between the legs below;
  // sneakers (7) stand on the ground, most of them in the lower half.
  auto data = load("fashion_mnist", system_folder);
  const auto& x = pictures(data.train);
  double trousers_gap = 0, trousers_waist = 0, upper = 0, lower = 0;
  for (size_t i = 0; i < x.labels.size(); ++i) {
    auto picture = x.pixels.data() + i * 784;
    if (x.labels[i] == 1) {
      trousers_waist += picture[3 * 28 + 14];
      trousers_gap += picture[24 * 28 + 14];
    } else if (x.labels[i] == 7) {
      upper += std::accumulate(picture, picture + 392, 0.0);
      lower += std::accumulate(picture + 392, picture + 784, 0.0);
    }
  }
  CHECK(trousers_gap < trousers_waist / 2);
  CHECK(lower > 1.5 * upper);
}
