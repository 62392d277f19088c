// The files of data sets: IDX with 1 or 3 dimensions, plain or gzip, pictures
// joined with labels, CIFAR-10 and CIFAR-100.

#include "models/data/dataset.hpp"
#include "models/data/idx.hpp"
#include "models/data/recipes.hpp"
#include "models/errors.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/support/files.hpp"

#include <fmt/format.h>

namespace {

void read_cifar(const caps::test::temporary_folder& folder,
                const caps::dataset_recipe& recipe) {
  caps::data_source source;
  source.path = folder.path();
  recipe.make(source);
}

} // namespace

void caps::test::fuzz(std::string_view input) {
  static const temporary_folder folder;
  auto which = choose(input, 5);
  auto write = [&](const std::string& name) {
    return folder.write_text(name, std::string{input});
  };
  try {
    if (which == 0) {
      read_idx(write("input"), 1);
    } else if (which == 1) {
      read_idx(write("input"), 3);
    } else if (which == 2) {
      // The same labels as pictures of one pixel.
      auto path = write("input");
      auto labels = read_idx(path, 1);
      auto images = labels;
      images.extents = {labels.extents[0], 1, 1};
      join_idx(std::move(images), labels, path, 10);
    } else if (which == 3) {
      for (int i = 1; i <= 5; ++i)
        write(fmt::format("data_batch_{}.bin", i));
      write("test_batch.bin");
      read_cifar(folder, *make_cifar10_recipe());
    } else {
      write("train.bin");
      write("test.bin");
      read_cifar(folder, *make_cifar100_recipe());
    }
  } catch (const error&) {
  }
}
