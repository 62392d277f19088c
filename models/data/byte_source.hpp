#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// Reads a data file from front to back. A gzip file (told by its first two
/// bytes, not by its name) is decompressed on the way; its checksums are
/// verified where its data ends.
///
/// Every error is a `data_error` that names the file and the first bad byte.
class byte_source {
public:
  /// Opens the file.
  explicit byte_source(std::string path);

  ~byte_source();

  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  const std::string& path() const noexcept { return path_; }

  /// Bytes of the file as it lies on the disk.
  int64_t file_size() const noexcept { return file_size_; }

  /// Decoded bytes read so far.
  int64_t position() const noexcept { return position_; }

  /// CRC-32 of the decoded bytes read so far.
  uint32_t checksum() const noexcept { return checksum_; }

  /// Throws if the file is too small to hold `count` more decoded bytes of
  /// `what`. Call it before allocating what a header announces: a gzip file
  /// is trusted with at most the best ratio the format can reach.
  void expect(int64_t count, std::string_view what) const;

  /// Fills `out`; throws if the data of `what` ends early.
  void read(std::span<uint8_t> out, std::string_view what);

  /// Throws if anything follows what was read, or if the checksum at the end
  /// of a gzip file is wrong.
  void expect_end();

private:
  struct inflater;

  struct close_file {
    void operator()(std::FILE* x) const { std::fclose(x); }
  };

  /// Decodes at least one byte into `out`; returns 0 at the end of the data.
  size_t read_some(std::span<uint8_t> out);
  size_t inflate_some(std::span<uint8_t> out);

  /// Makes `input_` hold unread bytes; returns false at the end of the file.
  bool refill();

  std::string path_;
  std::unique_ptr<std::FILE, close_file> file_;
  std::unique_ptr<inflater> inflater_; // null for a plain file
  int64_t file_size_ = 0;
  int64_t file_offset_ = 0; // of the first byte not yet in `buffer_`
  std::vector<uint8_t> buffer_;
  std::span<const uint8_t> input_; // the unread part of `buffer_`
  int64_t position_ = 0;
  uint32_t checksum_ = 0;
};

} // namespace caps
