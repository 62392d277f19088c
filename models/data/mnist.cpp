// MNIST and the datasets that share its layout: four IDX files.

#include "models/data/data_search.hpp"
#include "models/data/idx.hpp"
#include "models/data/recipes.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

namespace caps {

namespace {

constexpr int64_t mnist_classes = 10;

/// One of the four files: its name and what it holds as published.
struct part {
  std::string name;
  std::vector<int64_t> extents;
  /// CRC-32 of the decompressed file in Fashion-MNIST.
  uint32_t fashion_checksum;
};

const part train_images{
  "train-images-idx3-ubyte", {60'000, 28, 28}, 0xb4f29f28u};
const part train_labels{"train-labels-idx1-ubyte", {60'000}, 0x741a4657u};
const part test_images{"t10k-images-idx3-ubyte", {10'000, 28, 28}, 0x678fe0b1u};
const part test_labels{"t10k-labels-idx1-ubyte", {10'000}, 0x80142c1fu};

/// The names one file goes by: downloads are compressed or not, and some
/// unpackers put a dot before "idx".
std::vector<std::string> names_of(const part& x) {
  auto dotted = x.name;
  dotted[dotted.rfind("-idx")] = '.';
  return {x.name + ".gz", x.name, dotted + ".gz", dotted};
}

class mnist_recipe : public dataset_recipe {
public:
  mnist_recipe(data_wanted wanted, bool fashion)
    : wanted_(std::move(wanted)), fashion_(fashion) {
    wanted_.probe = names_of(train_images);
  }

  dataset_pair make(const data_source& source) const override {
    auto folder = find_data(source, wanted_);
    auto train = load(folder, train_images, train_labels);
    auto test = load(folder, test_images, test_labels);
    return make_picture_datasets(std::move(train), std::move(test));
  }

private:
  picture_set load(const data_folder& folder, const part& images,
                   const part& labels) const {
    auto labels_path = require_file(folder.path, names_of(labels));
    auto content = read(folder, images);
    return join_idx(std::move(content), read(folder, labels), labels_path,
                    mnist_classes);
  }

  idx_content read(const data_folder& folder, const part& x) const {
    auto path = require_file(folder.path, names_of(x));
    auto result = read_idx(path, x.extents.size());
    // The two datasets use the same file names; mixing them up would show
    // only as odd accuracies.
    if (!fashion_ && result.checksum == x.fashion_checksum)
      throw data_error(
        fmt::format("'{}' is Fashion-MNIST's, not MNIST's", path));
    if (!folder.chosen)
      check_published(path, x, result);
    return result;
  }

  void check_published(const std::string& path, const part& x,
                       const idx_content& content) const {
    if (content.extents != x.extents)
      throw data_error(fmt::format(
        "'{}' holds {} values, {} has {}; name the folder in data.path to use "
        "it all the same",
        path, shape_text(content.extents), wanted_.dataset,
        shape_text(x.extents)));
    if (fashion_ && content.checksum != x.fashion_checksum)
      throw data_error(fmt::format(
        "'{}' is not the published file: its checksum is {:08x}, "
        "{}'s is {:08x}; name the folder in data.path to use it "
        "all the same",
        path, content.checksum, wanted_.dataset, x.fashion_checksum));
  }

  data_wanted wanted_;
  bool fashion_;
};

} // namespace

std::unique_ptr<dataset_recipe> make_mnist_recipe() {
  data_wanted wanted;
  wanted.dataset = "MNIST";
  wanted.subfolders = {"mnist", "MNIST"};
  wanted.hint = "put its four IDX files into a folder and name that in "
                "data.path or CAPS_DATA_DIR";
  return std::make_unique<mnist_recipe>(std::move(wanted), false);
}

std::unique_ptr<dataset_recipe> make_fashion_mnist_recipe() {
  data_wanted wanted;
  wanted.dataset = "Fashion-MNIST";
  wanted.subfolders = {"fashion_mnist", "fashion-mnist", "FashionMNIST"};
  wanted.system_folder = "/usr/share/datasets/fashion-mnist";
  wanted.hint = "install it with: apt-get install dataset-fashion-mnist";
  return std::make_unique<mnist_recipe>(std::move(wanted), true);
}

} // namespace caps
