#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace caps {

/// Rows of named columns, for people and for programs.
class table {
public:
  explicit table(std::vector<std::string> columns);

  /// Adds a row; @pre one value (number, text, boolean or null) per column.
  void add(std::vector<nlohmann::ordered_json> row);

  bool empty() const noexcept { return rows_.empty(); }
  size_t size() const noexcept { return rows_.size(); }

  /// Numbers to the right, text to the left, "-" for null; the last column
  /// is not padded.
  std::string text() const;

  /// A list of objects.
  nlohmann::ordered_json json() const;

private:
  std::vector<std::string> columns_;
  std::vector<std::vector<nlohmann::ordered_json>> rows_;
};

} // namespace caps
