#pragma once

#include "models/checkpoint/atomic_file.hpp"
#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace caps {

/// Text that is written in large portions into a file that appears complete or
/// not at all.
class export_file {
public:
  explicit export_file(const std::filesystem::path& path) : file_(path) {}

  void write(std::string_view text);

  /// Makes it appear.
  void commit();

private:
  void flush();

  atomic_file file_;
  std::string buffer_;
};

/// Writes all metrics as CSV with the columns sequence, time (nanoseconds),
/// node, epoch, step, name and value; returns their number.
int64_t export_metrics(recording_file& recording,
                       const std::filesystem::path& file);

/// Writes the events that meet a condition (all if it is empty), one JSON
/// object a line; returns their number.
int64_t export_events(recording_file& recording, const std::string& condition,
                      const std::filesystem::path& file);

} // namespace caps
