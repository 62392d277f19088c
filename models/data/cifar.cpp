// CIFAR-10 and CIFAR-100 in the binary layout (Krizhevsky 2009): records of
// one or two label bytes and the red, green and blue planes, row by row.

#include "models/data/byte_source.hpp"
#include "models/data/data_search.hpp"
#include "models/data/picture_dataset.hpp"
#include "models/data/recipes.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

constexpr int64_t channels = 3;
constexpr int64_t side = 32;
constexpr int64_t pixel_bytes = channels * side * side;

/// One of the label bytes of a record.
struct label_kind {
  std::string name;
  int64_t classes;
};

struct cifar_layout {
  data_wanted wanted;
  /// The bytes before the pixels, in order.
  std::vector<label_kind> labels;
  std::vector<std::string> train_files;
  std::string test_file;
  /// Records of the published files.
  int64_t train_records;
  int64_t test_records;

  int64_t record_bytes() const {
    return static_cast<int64_t>(labels.size()) + pixel_bytes;
  }
};

/// Number of records in a file; a `data_error` unless it is whole.
int64_t count_records(const byte_source& source, const cifar_layout& layout) {
  auto size = source.file_size();
  auto record = layout.record_bytes();
  if (size == 0 || size % record != 0)
    throw data_error(fmt::format(
      "'{}' is cut off or no {} file: its {} bytes are no whole "
      "number of records of {}; record {} breaks off at byte {}",
      source.path(), layout.wanted.dataset, size, record, size / record, size));
  return size / record;
}

/// Appends the records of a file, with the label of kind `label`.
void append(picture_set& pictures, byte_source& source, int64_t count,
            const cifar_layout& layout, size_t label) {
  std::vector<uint8_t> record(static_cast<size_t>(layout.record_bytes()));
  for (int64_t i = 0; i < count; ++i) {
    source.read(record, "a record");
    for (size_t k = 0; k < layout.labels.size(); ++k)
      if (record[k] >= layout.labels[k].classes)
        throw data_error(fmt::format(
          "'{}' holds {} label {} at byte {}; labels go from 0 to {}",
          source.path(), layout.labels[k].name, record[k],
          source.position() - layout.record_bytes() + static_cast<int64_t>(k),
          layout.labels[k].classes - 1));
    pictures.labels.push_back(record[label]);
    pictures.pixels.insert(pictures.pixels.end(), record.end() - pixel_bytes,
                           record.end());
  }
  source.expect_end();
}

picture_set load(const data_folder& folder, const cifar_layout& layout,
                 const std::vector<std::string>& files,
                 int64_t published_records, size_t label) {
  picture_set result{channels, side, side, layout.labels[label].classes,
                     {},       {}};
  auto files_left = static_cast<int64_t>(files.size());
  for (const auto& name : files) {
    byte_source source{require_file(folder.path, {name})};
    auto count = count_records(source, layout);
    if (!folder.chosen && count != published_records)
      throw data_error(fmt::format(
        "'{}' holds {} pictures, {}'s has {}; name the folder in "
        "data.path to use it all the same",
        source.path(), count, layout.wanted.dataset, published_records));
    // The other files are most likely of the same size.
    auto expected = static_cast<size_t>(result.size() + files_left * count);
    result.labels.reserve(expected);
    result.pixels.reserve(expected * pixel_bytes);
    append(result, source, count, layout, label);
    --files_left;
  }
  return result;
}

dataset_pair load(const data_source& source, const cifar_layout& layout,
                  size_t label) {
  auto folder = find_data(source, layout.wanted);
  auto train
    = load(folder, layout, layout.train_files, layout.train_records, label);
  auto test
    = load(folder, layout, {layout.test_file}, layout.test_records, label);
  return make_picture_datasets(std::move(train), std::move(test));
}

data_wanted wanted(const std::string& dataset, const std::string& archive,
                   std::vector<std::string> subfolders,
                   const std::string& probe) {
  data_wanted result;
  result.dataset = dataset;
  result.subfolders = std::move(subfolders);
  result.probe = {probe};
  result.hint = fmt::format("unpack {} (https://www.cs.toronto.edu/~kriz/"
                            "cifar.html) and name its folder in data.path or "
                            "CAPS_DATA_DIR",
                            archive);
  return result;
}

class cifar10_recipe : public dataset_recipe {
public:
  dataset_pair make(const data_source& source) const override {
    cifar_layout layout;
    layout.wanted
      = wanted("CIFAR-10", "cifar-10-binary.tar.gz",
               {"cifar-10-batches-bin", "cifar10"}, "data_batch_1.bin");
    layout.labels = {{"class", 10}};
    for (int i = 1; i <= 5; ++i)
      layout.train_files.push_back(fmt::format("data_batch_{}.bin", i));
    layout.test_file = "test_batch.bin";
    layout.train_records = 10'000;
    layout.test_records = 10'000;
    return load(source, layout, 0);
  }
};

class cifar100_recipe : public dataset_recipe {
public:
  void describe(option_visitor& visitor) override {
    visitor.choice("labels", labels_, {"fine", "coarse"},
                   "100 fine classes or the 20 coarse ones they form");
  }

  dataset_pair make(const data_source& source) const override {
    cifar_layout layout;
    layout.wanted = wanted("CIFAR-100", "cifar-100-binary.tar.gz",
                           {"cifar-100-binary", "cifar100"}, "train.bin");
    layout.labels = {{"coarse", 20}, {"fine", 100}};
    layout.train_files = {"train.bin"};
    layout.test_file = "test.bin";
    layout.train_records = 50'000;
    layout.test_records = 10'000;
    return load(source, layout, labels_ == "coarse" ? 0 : 1);
  }

private:
  std::string labels_ = "fine";
};

} // namespace

std::unique_ptr<dataset_recipe> make_cifar10_recipe() {
  return std::make_unique<cifar10_recipe>();
}

std::unique_ptr<dataset_recipe> make_cifar100_recipe() {
  return std::make_unique<cifar100_recipe>();
}

} // namespace caps
