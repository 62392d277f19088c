#include "models/data/idx.hpp"

#include "models/data/byte_source.hpp"
#include "models/errors.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>

namespace caps {

namespace {

constexpr uint8_t type_byte = 8;

int64_t read_extent(byte_source& source) {
  std::array<uint8_t, 4> raw{};
  auto at = source.position();
  source.read(raw, "a dimension");
  int64_t result = 0;
  for (auto byte : raw)
    result = result * 256 + byte;
  if (result == 0)
    throw data_error(fmt::format("'{}' is empty: the dimension at byte {} is 0",
                                 source.path(), at));
  return result;
}

} // namespace

idx_content read_idx(const std::string& path, size_t dimensions) {
  byte_source source{path};
  std::array<uint8_t, 4> magic{};
  source.read(magic, "the IDX header");
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != type_byte
      || magic[3] != dimensions)
    throw data_error(fmt::format(
      "'{}' does not start as an IDX file of bytes in {} dimensions: expected "
      "00 00 08 {:02x} at byte 0, found {:02x} {:02x} {:02x} {:02x}",
      path, dimensions, dimensions, magic[0], magic[1], magic[2], magic[3]));
  idx_content result;
  int64_t size = 1;
  for (size_t i = 0; i < dimensions; ++i) {
    auto extent = read_extent(source);
    if (size > std::numeric_limits<int64_t>::max() / extent)
      throw data_error(
        fmt::format("'{}' announces more bytes than a machine can hold in "
                    "dimension {} of its header",
                    path, i));
    size *= extent;
    result.extents.push_back(extent);
  }
  source.expect(size, "content");
  result.bytes.resize(static_cast<size_t>(size));
  source.read(result.bytes, "content");
  source.expect_end();
  result.checksum = source.checksum();
  return result;
}

picture_set join_idx(idx_content images, const idx_content& labels,
                     const std::string& labels_path, int64_t classes) {
  if (images.extents[0] != labels.extents[0])
    throw data_error(
      fmt::format("'{}' holds {} labels, but there are {} pictures",
                  labels_path, labels.extents[0], images.extents[0]));
  picture_set result;
  result.channels = 1;
  result.height = images.extents[1];
  result.width = images.extents[2];
  result.classes = classes;
  result.pixels = std::move(images.bytes);
  result.labels.reserve(labels.bytes.size());
  for (auto label : labels.bytes) {
    if (label >= classes)
      throw data_error(
        fmt::format("'{}' holds label {} for picture {}; labels go from 0 to "
                    "{}",
                    labels_path, label, result.labels.size(), classes - 1));
    result.labels.push_back(label);
  }
  return result;
}

} // namespace caps
