#pragma once

#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <optional>
#include <string>

namespace caps {

class recording_file;

/// One SELECT on a recording, row by row. Whatever goes wrong in SQLite comes
/// as an `error` that names the file: `data_error` where it is damaged, exit
/// code 130 where the user cancelled.
class query {
public:
  query(recording_file& file, const std::string& sql);

  /// Fills the next question mark.
  query& bind(int64_t x);
  query& bind(const std::string& x);

  /// Goes to the next row; false after the last.
  bool next();

  /// Fields of the row by number; NULL, and an integer where there is none,
  /// is nothing.
  std::optional<int64_t> integer(int column);
  std::optional<double> real(int column);
  std::string text(int column);
  /// Of a blob; empty for NULL.
  std::string bytes(int column);

  bool is_null(int column);
  bool is_integer(int column);
  bool is_real(int column);

  int columns() const { return statement_.getColumnCount(); }
  std::string name(int column) const {
    return statement_.getColumnName(column);
  }

private:
  recording_file& file_;
  SQLite::Statement statement_;
  int bound_ = 0;
};

} // namespace caps
