#pragma once

#include "runtime/run_file/recording_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// What the horizontal axis of a plot shows.
enum class plot_axis : uint8_t { time, step, epoch };

/// "time", "step" or "epoch"; nothing otherwise.
std::optional<plot_axis> plot_axis_of(std::string_view text);

/// "seconds on the run's clock", "step" or "epoch".
std::string_view label_of(plot_axis axis);

/// One point of a plot.
struct plot_point {
  double x = 0;
  double y = 0;
};

/// What one node measured in the course of a run, in the order of its events.
struct series {
  int64_t node = 0;
  std::vector<plot_point> points;
};

/// The values of a metric, or of one of the numbers loss, norm, staleness and
/// bytes of events, by ascending node; of the nodes in `nodes`, or of all if it
/// is empty. Where there are more points than a plot can show, neighbouring
/// ones are averaged. Throws `input_error` naming what there is if there is
/// nothing of that name.
std::vector<series> read_series(recording_file& file, const std::string& name,
                                plot_axis axis,
                                const std::vector<int64_t>& nodes);

/// The names that `read_series` knows.
std::vector<std::string> series_names(const recording_file& file);

} // namespace caps
