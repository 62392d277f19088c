#include "runtime/replay/text_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace caps {

namespace {

constexpr int plot_width = 64;
constexpr int height = 16;
constexpr std::string_view marks = "0123456789abcdefghijklmnopqrstuvwxyz";

struct range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double x) {
    low = std::min(low, x);
    high = std::max(high, x);
  }

  /// The cell of `x` among `cells`.
  int cell(double x, int cells) const {
    if (high <= low)
      return 0;
    auto share = (x - low) / (high - low);
    return std::clamp(static_cast<int>(share * cells), 0, cells - 1);
  }
};

char mark_of(size_t index) {
  return marks[index % marks.size()];
}

std::string legend(const std::vector<series>& all) {
  std::string result;
  for (size_t i = 0; i < all.size(); ++i) {
    auto who
      = all[i].node < 0 ? "all nodes" : fmt::format("node {}", all[i].node);
    result += fmt::format("{}{} {}", i == 0 ? "" : ", ", mark_of(i), who);
  }
  return result;
}

} // namespace

std::string text_plot(const std::vector<series>& all, std::string_view title,
                      std::string_view axis) {
  range xs, ys;
  for (const auto& one : all)
    for (const auto& point : one.points) {
      xs.include(point.x);
      ys.include(point.y);
    }
  std::vector<std::string> rows(height, std::string(plot_width, ' '));
  for (size_t i = 0; i < all.size(); ++i)
    for (const auto& point : all[i].points) {
      auto row = static_cast<size_t>(height - 1 - ys.cell(point.y, height));
      auto& cell = rows[row][static_cast<size_t>(xs.cell(point.x, plot_width))];
      cell = cell == ' ' || cell == mark_of(i) ? mark_of(i) : '*';
    }
  auto result = fmt::format("{}  ({})\n", title, legend(all));
  for (size_t i = 0; i < rows.size(); ++i) {
    auto label = i == 0                 ? fmt::format("{:.4g}", ys.high)
                 : i + 1 == rows.size() ? fmt::format("{:.4g}", ys.low)
                                        : std::string{};
    auto text = rows[i].substr(0, rows[i].find_last_not_of(' ') + 1);
    result += fmt::format("{:>10} |{}\n", label, text);
  }
  result += fmt::format("{:>10} +{:->{}}\n", "", "", plot_width);
  auto low = fmt::format("{:.4g}", xs.low);
  auto high = fmt::format("{:.4g}", xs.high);
  auto middle = plot_width - static_cast<int>(low.size() + high.size());
  result += fmt::format("{:>10}  {}{:^{}}{}\n", "", low, axis, middle, high);
  return result;
}

} // namespace caps
