#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace caps {

/// A CSV file that grows while a run goes on.
class csv_file {
public:
  /// Creates the file with a header line; throws `error` naming the file when
  /// that fails.
  csv_file(std::filesystem::path file, std::string_view header);

  ~csv_file();

  csv_file(const csv_file&) = delete;
  csv_file& operator=(const csv_file&) = delete;

  /// Appends whole lines, each with its end, so that others can read them at
  /// once. Throws `error` naming the file when that fails (a full disk); the
  /// file then has none of these lines, and later ones may succeed.
  void append(std::string_view lines);

private:
  std::filesystem::path file_;
  int descriptor_;
  /// Bytes of all lines appended.
  off_t size_ = 0;
};

/// A number as a field; nothing is an empty field.
std::string csv_field(const std::optional<double>& x);

} // namespace caps
