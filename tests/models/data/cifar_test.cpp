#include "tests/support/catch.hpp"

#include "models/data/picture_dataset.hpp"
#include "models/errors.hpp"
#include "tests/models/data/support.hpp"
#include "tests/support/set_options.hpp"

#include <cmath>
#include <cstdlib>

using caps::data_error;
using namespace caps::test;

namespace {

caps::dataset_pair load(const std::string& name, const std::string& path,
                        const option_values& options = {}) {
  return configured(caps::built_in_datasets(), name, options)->make({path, 0});
}

std::string complaint(const std::string& name, const std::string& path) {
  return message_of<data_error>([&] { load(name, path); });
}

const caps::picture_set&
pictures(const std::shared_ptr<const caps::dataset>& x) {
  return dynamic_cast<const caps::picture_dataset&>(*x).pictures();
}

/// Record with these label bytes; its pixels count up from `first`.
bytes record(const bytes& labels, int first) {
  bytes pixels(3'072);
  for (size_t k = 0; k < pixels.size(); ++k)
    pixels[k] = static_cast<uint8_t>(k + static_cast<size_t>(first));
  return labels + pixels;
}

/// Two records in each of the training files, three in the test file.
void write_cifar10(const temporary_folder& folder, const std::string& in) {
  for (int i = 0; i < 5; ++i) {
    auto label = static_cast<uint8_t>(2 * i);
    folder.write(in + "data_batch_" + std::to_string(i + 1) + ".bin",
                 record({label}, i)
                   + record({static_cast<uint8_t>(label + 1)}, i + 50));
  }
  folder.write(in + "test_batch.bin",
               record({9}, 1) + record({0}, 2) + record({4}, 3));
}

void write_cifar100(const temporary_folder& folder) {
  folder.write("train.bin", record({19, 99}, 0) + record({3, 42}, 1));
  folder.write("test.bin", record({0, 7}, 0));
}

} // namespace

TEST_CASE("CIFAR-10 files are read in order", "[cifar]") {
  for (auto in : {"", "cifar-10-batches-bin/"}) {
    temporary_folder folder;
    write_cifar10(folder, in);
    auto data = load("cifar10", folder.path());
    CHECK(data.train->shape().sample == std::vector<int64_t>{3, 32, 32});
    CHECK(data.train->shape().classes == 10);
    CHECK(pictures(data.train).labels
          == std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(pictures(data.test).labels == std::vector<int64_t>{9, 0, 4});
    const auto& x = pictures(data.train).pixels;
    REQUIRE(x.size() == 10 * 3'072);
    for (size_t i : {0u, 1u, 7u, 9u})
      for (size_t k : {0u, 31u, 1'024u, 3'071u})
        CHECK(x[i * 3'072 + k]
              == static_cast<uint8_t>(k + i / 2 + (i % 2) * 50));
  }
}

TEST_CASE("CIFAR-100 has fine and coarse labels", "[cifar]") {
  temporary_folder folder;
  write_cifar100(folder);
  auto fine = load("cifar100", folder.path());
  CHECK(fine.train->shape().classes == 100);
  CHECK(pictures(fine.train).labels == std::vector<int64_t>{99, 42});
  CHECK(pictures(fine.test).labels == std::vector<int64_t>{7});
  CHECK(pictures(fine.train).pixels[0] == 0);
  CHECK(pictures(fine.train).pixels[3'072] == 1);
  auto coarse
    = load("cifar100", folder.path(), {{"labels", std::string{"coarse"}}});
  CHECK(coarse.train->shape().classes == 20);
  CHECK(pictures(coarse.train).labels == std::vector<int64_t>{19, 3});
}

TEST_CASE("damaged CIFAR files are refused", "[cifar]") {
  temporary_folder folder;
  write_cifar10(folder, "");
  auto batch = record({1}, 0) + record({2}, 0);
  auto with = [&](const bytes& content) {
    auto path = folder.write("data_batch_3.bin", content);
    auto message = complaint("cifar10", folder.path());
    CHECK(contains(message, path));
    return message;
  };
  CHECK(contains(with(batch + bytes{1}), "record 2 breaks off at byte 6147"));
  batch.pop_back();
  CHECK(contains(with(batch), "record 1 breaks off at byte 6145"));
  CHECK(contains(with({}), "its 0 bytes"));
  CHECK(contains(with(record({9}, 0) + record({10}, 0)),
                 "class label 10 at byte 3073; labels go from 0 to 9"));
  std::filesystem::remove(folder.path() + "/data_batch_3.bin");
  CHECK(
    contains(complaint("cifar10", folder.path()), "lacks data_batch_3.bin"));
  temporary_folder hundred;
  write_cifar100(hundred);
  hundred.write("test.bin", record({20, 7}, 0));
  CHECK(contains(complaint("cifar100", hundred.path()),
                 "coarse label 20 at byte 0"));
  hundred.write("test.bin", record({3, 100}, 0));
  CHECK(contains(complaint("cifar100", hundred.path()),
                 "fine label 100 at byte 1"));
}

TEST_CASE("CIFAR found elsewhere must be complete", "[cifar]") {
  temporary_folder folder;
  write_cifar10(folder, "cifar-10-batches-bin/");
  environment variable{"CAPS_DATA_DIR", folder.path()};
  auto message = complaint("cifar10", "");
  CHECK(contains(message, "holds 2 pictures, CIFAR-10's has 10000"));
  CHECK(contains(message, "data.path"));
  message = complaint("cifar100", "");
  CHECK(contains(message, folder.path() + "/cifar-100-binary, "));
  CHECK(contains(message, "cifar-100-binary.tar.gz"));
}

TEST_CASE("CIFAR-10 decodes to known statistics", "[cifar]") {
  // The build folder keeps what is decoded once (12 seconds).
  const std::string cache = CAPS_TEST_CIFAR10_CACHE;
  const std::string unpack = CAPS_TEST_CIFAR10_UNPACK;
  if (!std::filesystem::exists(cache)) {
    if (!std::filesystem::exists(unpack)) {
      WARN("there is no copy of CIFAR-10 beside the repository: " + unpack);
      return;
    }
    auto part = cache + ".part";
    auto command = "( python3 -c 'import PIL, numpy' 2>/dev/null && python3 '"
                   + unpack + "' '" + part + "' || /usr/bin/python3 '" + unpack
                   + "' '" + part + "' ) >/dev/null 2>&1";
    if (std::system(command.c_str()) != 0) {
      WARN("CIFAR-10 was not decoded: apt-get install python3-pil "
           "python3-numpy");
      return;
    }
    std::filesystem::rename(part, cache);
  }
  environment variable{"CAPS_DATA_DIR", cache}; // complete, as published
  auto data = load("cifar10", "");
  CHECK(data.train->size() == 50'000);
  CHECK(data.test->size() == 10'000);
  std::vector<int64_t> count(10);
  for (auto label : data.train->labels())
    ++count[static_cast<size_t>(label)];
  CHECK(count == std::vector<int64_t>(10, 5'000));
  // The figures of the original data; one pass through JPEG hardly moves them.
  auto statistics = caps::measure(pictures(data.train));
  const std::vector<double> means{0.4914, 0.4822, 0.4465};
  const std::vector<double> deviations{0.2470, 0.2435, 0.2616};
  for (size_t c = 0; c < 3; ++c) {
    CHECK(std::abs(statistics[c].mean - means[c]) < 0.002);
    CHECK(std::abs(statistics[c].deviation - deviations[c]) < 0.003);
  }
}

TEST_CASE("CIFAR-10 is upright and in colour order", "[cifar]") {
  const std::string cache = CAPS_TEST_CIFAR10_CACHE;
  if (!std::filesystem::exists(cache))
    return; // the case above says why
  auto data = load("cifar10", cache);
  const auto& x = pictures(data.test);
  // Mean colours of airplanes (0): blue sky above.
  double blue = 0, red = 0, upper = 0, lower = 0;
  for (size_t i = 0; i < x.labels.size(); ++i)
    for (size_t k = 0; x.labels[i] == 0 && k < 1'024; ++k) {
      auto plane = x.pixels.data() + i * 3'072;
      red += plane[k];
      blue += plane[2'048 + k];
      (k < 512 ? upper : lower) += plane[2'048 + k];
    }
  CHECK(blue > 1.05 * red);
  CHECK(upper > 1.02 * lower);
}
