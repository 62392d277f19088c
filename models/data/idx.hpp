#pragma once

#include "models/data/picture_dataset.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace caps {

/// The contents of an IDX file of bytes (the format of MNIST, LeCun 1998): a
/// big-endian header 00 00 08 <dimensions>, one 32-bit extent a dimension, then
/// the values.
struct idx_content {
  std::vector<int64_t> extents;
  std::vector<uint8_t> bytes;
  /// CRC-32 of the whole decoded file, header included.
  uint32_t checksum = 0;
};

/// Reads an IDX file, plain or gzip. Throws `data_error` for a wrong magic
/// number or number of dimensions, an empty dimension, a file that is cut off,
/// goes on too long or is damaged.
idx_content read_idx(const std::string& path, size_t dimensions);

/// Joins pictures [n, h, w] (read from `images`) with labels [n] (read from
/// `labels`, which also names the file in errors) to pictures of one channel.
/// Throws `data_error` when the counts differ or a label is not below
/// `classes`.
picture_set join_idx(idx_content images, const idx_content& labels,
                     const std::string& labels_path, int64_t classes);

} // namespace caps
