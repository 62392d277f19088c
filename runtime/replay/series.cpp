#include "runtime/replay/series.hpp"

#include "models/errors.hpp"
#include "models/registry.hpp"
#include "runtime/run_file/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

namespace caps {

namespace {

constexpr std::array axes{std::pair{"time", plot_axis::time},
                          std::pair{"step", plot_axis::step},
                          std::pair{"epoch", plot_axis::epoch}};

/// Numbers of events; where an event has none, there is no point.
constexpr std::array event_numbers{"loss", "norm", "staleness", "bytes"};

/// More points than this a node tell the eye nothing.
constexpr size_t points_max = 4096;

/// Collects points; when there are too many, pairs of neighbours become one.
class thinner {
public:
  void add(plot_point x) {
    open_.x += x.x;
    open_.y += x.y;
    if (++open_count_ < width_)
      return;
    close();
    if (points_.size() < points_max)
      return;
    for (size_t i = 0; i + 1 < points_.size(); i += 2)
      points_[i / 2] = {(points_[i].x + points_[i + 1].x) / 2,
                        (points_[i].y + points_[i + 1].y) / 2};
    points_.resize(points_.size() / 2);
    width_ *= 2;
  }

  std::vector<plot_point> points() && {
    if (open_count_ > 0)
      close();
    return std::move(points_);
  }

private:
  void close() {
    auto n = static_cast<double>(open_count_);
    points_.push_back({open_.x / n, open_.y / n});
    open_ = {};
    open_count_ = 0;
  }

  std::vector<plot_point> points_;
  /// Points that make up one.
  size_t width_ = 1;
  plot_point open_;
  size_t open_count_ = 0;
};

bool holds(const auto& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

/// A query for node, x and y.
query points_of(recording_file& file, const std::string& name, plot_axis axis) {
  if (holds(file.metrics(), name)) {
    auto x = axis == plot_axis::time   ? "time / 1e9"
             : axis == plot_axis::step ? "step"
                                       : "epoch";
    query q{file, fmt::format("SELECT node, {}, value FROM metric WHERE name = "
                              "? ORDER BY id",
                              x)};
    q.bind(name);
    return q;
  }
  if (axis == plot_axis::epoch)
    throw input_error(fmt::format("events know no epochs: plot {} over time or "
                                  "step",
                                  name));
  return {file, fmt::format(
                  "SELECT destination, {}, {} FROM event ORDER BY "
                  "sequence",
                  axis == plot_axis::time ? "time / 1e9" : "node_step", name)};
}

} // namespace

std::optional<plot_axis> plot_axis_of(std::string_view text) {
  auto i = std::ranges::find(axes, text, [](auto x) { return x.first; });
  if (i == axes.end())
    return std::nullopt;
  return i->second;
}

std::string_view label_of(plot_axis axis) {
  if (axis == plot_axis::time)
    return "seconds on the run's clock";
  return std::ranges::find(axes, axis, [](auto x) { return x.second; })->first;
}

std::vector<std::string> series_names(const recording_file& file) {
  auto result = file.metrics();
  for (auto name : event_numbers)
    if (!holds(result, name))
      result.emplace_back(name);
  return result;
}

std::vector<series> read_series(recording_file& file, const std::string& name,
                                plot_axis axis,
                                const std::vector<int64_t>& nodes) {
  auto known = series_names(file);
  if (!holds(known, name)) {
    auto close = nearest(name, known);
    throw input_error(fmt::format("there is no metric '{}'{}; known: {}", name,
                                  close.empty() ? ""
                                                : fmt::format(" (did you mean "
                                                              "'{}'?)",
                                                              close),
                                  join(known)));
  }
  std::map<int64_t, thinner> by_node;
  auto q = points_of(file, name, axis);
  while (q.next()) {
    auto node = q.integer(0).value_or(-1);
    auto x = q.real(1);
    auto y = q.real(2);
    auto wanted
      = nodes.empty() || std::ranges::find(nodes, node) != nodes.end();
    if (wanted && x && y && std::isfinite(*x) && std::isfinite(*y))
      by_node[node].add({*x, *y});
  }
  std::vector<series> result;
  for (auto& [node, points] : by_node)
    result.push_back({node, std::move(points).points()});
  return result;
}

} // namespace caps
