#include "models/registry.hpp"

#include <numeric>

namespace caps {

namespace {

/// Letters to insert, drop, replace or swap with their neighbour.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    before = std::move(last);
    last = row;
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      auto change = last[j] + (a[i] == b[j] ? 0 : 1);
      row[j + 1] = std::min({change, row[j] + 1, last[j + 1] + 1});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        row[j + 1] = std::min(row[j + 1], before[j - 1] + 1);
    }
  }
  return row.back();
}

} // namespace

std::string nearest(std::string_view word,
                    const std::vector<std::string>& known) {
  std::string result;
  // A third of the letters may differ: "topolgy" finds "topology", "x" nothing.
  auto best = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const auto& candidate : known) {
    auto distance = edit_distance(word, candidate);
    if (distance < best) {
      best = distance;
      result = candidate;
    }
  }
  return result;
}

std::string join(const std::vector<std::string>& words,
                 std::string_view separator) {
  std::string result;
  for (const auto& word : words) {
    if (!result.empty())
      result += separator;
    result += word;
  }
  return result;
}

} // namespace caps
