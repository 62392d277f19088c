#include "models/registry.hpp"

#include <numeric>

namespace caps {

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      auto change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
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
