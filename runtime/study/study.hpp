#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace caps {

/// A row or a column of a table: what it is called, and what it sets in the
/// scenario of its cells (`key=value`, as on the command line).
struct study_line {
  std::string name;
  std::vector<std::string> settings;
};

/// One cell: a scenario, run once for every seed.
struct study_cell {
  /// "table/row/column", in words that can be parts of a path.
  std::string name;
  /// Of study, table, row and column, in this order.
  std::vector<std::string> settings;
  /// A number, or a word such as "NC"; empty if nothing was published.
  std::string published;
};

/// One table: every row with every column.
struct study_table {
  std::string title;
  std::vector<study_line> rows;
  std::vector<study_line> columns;
  /// Row by row.
  std::vector<study_cell> cells;

  const study_cell& cell(size_t row, size_t column) const {
    return cells[row * columns.size() + column];
  }
};

/// Tables of runs that differ from one scenario in what their rows and columns
/// say, beside the figures that somebody published of the same.
struct study {
  std::string name;
  /// The scenario all cells start from.
  std::filesystem::path base;
  std::vector<int64_t> seeds;
  /// Key of summary.json that the tables show, its factor, and the digits
  /// after the point.
  std::string value = "mean_test_acc";
  double scale = 100;
  int64_t digits = 2;
  /// Differences to published values from here on are marked.
  double tolerance = 2;
  std::vector<study_table> tables;
};

/// Reads a study file (TOML):
///
///     base = "base.toml"          # a scenario, relative to this file
///     seeds = [1, 2, 3]
///     value = "mean_test_acc"     # of summary.json, times scale
///     scale = 100
///     digits = 2
///     tolerance = 2
///     [[table]]
///     title = "Delays"
///     set = ["optimizer.momentum=0.9"]
///     [[table.column]]
///     name = "2 workers"
///     set = ["nodes.count=2"]
///     [[table.row]]
///     name = "all 30 ms"
///     set = ["compute.delay=30ms"]
///     published = [88.97]         # by column; "" for none
///
/// Throws `input_error` with file, line, column and key for anything else,
/// and for two cells of one name.
study load_study(const std::filesystem::path& file);

} // namespace caps
