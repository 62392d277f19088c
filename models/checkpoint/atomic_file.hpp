#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace caps {

/// A file that appears under its name complete or not at all: it is written
/// under a temporary name beside it, synced to disk and renamed. After a crash
/// or a full disk the name holds what it held before.
///
/// Throws `error` when the system refuses any step.
class atomic_file {
public:
  /// What the temporary name adds to the name; files that end so are remains
  /// of a crash.
  static constexpr const char* temporary_suffix = ".tmp";

  /// Creates the temporary file; an older one is overwritten.
  explicit atomic_file(std::filesystem::path path);

  /// Removes the temporary file unless it was committed.
  ~atomic_file();

  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;

  void write(std::span<const std::byte> bytes);

  /// Makes what was written so far the contents of the file, on disk.
  void commit();

private:
  void close() noexcept;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

} // namespace caps
