#include "runtime/replay/table.hpp"

#include "runtime/run_file/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace caps {

namespace {

/// Digits of a number in a table; --json has them all.
constexpr int significant_digits = 6;

std::string cell(const nlohmann::ordered_json& x) {
  if (x.is_null())
    return "-";
  if (x.is_string())
    return printable(x.get<std::string>());
  if (x.is_number_float()) {
    auto value = x.get<double>();
    return std::isnan(value)
             ? "nan"
             : fmt::format("{:.{}g}", value, significant_digits);
  }
  return x.dump();
}

/// Characters on the screen of UTF-8 text.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

} // namespace

table::table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

void table::add(std::vector<nlohmann::ordered_json> row) {
  assert(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string table::text() const {
  std::vector<size_t> widths;
  std::vector<bool> left(columns_.size(), false);
  for (const auto& name : columns_)
    widths.push_back(width(name));
  std::vector<std::vector<std::string>> lines{columns_};
  for (const auto& row : rows_) {
    auto& line = lines.emplace_back();
    for (size_t i = 0; i < row.size(); ++i) {
      line.push_back(cell(row[i]));
      widths[i] = std::max(widths[i], width(line.back()));
      left[i] = left[i] || row[i].is_string();
    }
  }
  std::string result;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      auto padding = std::string(widths[i] - width(line[i]), ' ');
      text += i == 0 ? "" : "  ";
      text += left[i] ? line[i] + padding : padding + line[i];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    result += text + '\n';
  }
  return result;
}

nlohmann::ordered_json table::json() const {
  auto result = nlohmann::ordered_json::array();
  for (const auto& row : rows_) {
    nlohmann::ordered_json object;
    for (size_t i = 0; i < row.size(); ++i)
      object[columns_[i]] = row[i];
    result.push_back(std::move(object));
  }
  return result;
}

} // namespace caps
