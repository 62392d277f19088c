#pragma once

#include "runtime/run_file/packed_words.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace caps {

/// The column `encoding` of a snapshot: what its bytes are, and how they lie in
/// the file.
struct snapshot_encoding {
  /// The element type of a vector, or "safetensors".
  std::string content;
  /// Whether the bytes are packed.
  bool packed = false;
  /// Number of the snapshot that they are packed as differences from; 0 for
  /// none.
  int64_t base = 0;

  /// "float32", "float32/zstd" or "float32/zstd/17".
  std::string text() const;

  /// Words of the content, for packing.
  word_size word() const {
    return content == "float64" ? word_size::eight : word_size::four;
  }
};

/// Throws `data_error` for a text that is no encoding.
snapshot_encoding parse_snapshot_encoding(std::string_view text);

/// Snapshots that are packed as differences from one another lie at most so
/// many behind each other, lest it takes long to unpack the last.
inline constexpr int snapshot_depth_max = 4;

/// A row of the table `snapshot`, unpacked.
struct stored_snapshot {
  int64_t sequence = 0;
  int64_t node = 0;
  int64_t step = 0;
  int64_t epoch = 0;
  std::string kind;
  /// Of the bytes: see `snapshot_encoding::content`.
  std::string content;
  std::string bytes;
};

/// Reads a snapshot by its number, and whatever it is packed from; checks all
/// of them against their checksums. Throws `data_error` that names the damaged
/// one.
stored_snapshot read_snapshot(recording_file& file, int64_t id);

} // namespace caps
